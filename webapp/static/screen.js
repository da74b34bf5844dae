// Full screen, wherever the browser has hidden it.

/** Fill the screen with `element`, or on an iPhone with its video, which is all that Safari allows there. */
export function toggleFullscreen(element, video) {
  if (document.fullscreenElement) document.exitFullscreen();
  else if (element.requestFullscreen) element.requestFullscreen();
  else video.webkitEnterFullscreen?.();
}
