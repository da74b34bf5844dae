"""Everything to the browser; Flask only here."""
