// The list of cameras.

import "./stills.js";
import { toast } from "./toast.js";

const done = { added: "Added. Its picture is there in a few seconds.", deleted: "Deleted." };
const said = new URLSearchParams(location.search).get("done");
if (said in done) {
  toast(done[said]);
  history.replaceState(null, "", location.pathname);
}
