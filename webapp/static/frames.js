// What is to move with every picture of a film, which "timeupdate" with its four a second does not.

/** Call `run` with each picture of the screen while `video` plays; once, however often it stalls or is moved. */
export function onEachPicture(video, run) {
  let frame = 0;
  const again = () => {
    run();
    if (!video.paused && !video.ended) frame = requestAnimationFrame(again);
  };
  video.addEventListener("playing", () => {
    cancelAnimationFrame(frame);
    again();
  });
}
