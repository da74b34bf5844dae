// When what a playlist plays was recorded: its own time, which leaves out pauses of the recording, and the wall clock.

const SMALL = 600; // ms between two stretches that nobody would call a gap

/** The stretches of an HLS playlist made by /footage/…: {media, wall, duration}, all in ms, oldest first. */
export function stretchesOf(playlist) {
  const stretches = [];
  let media = 0;
  let wall = null;
  for (const line of playlist.split("\n")) {
    if (line.startsWith("#EXT-X-PROGRAM-DATE-TIME:")) {
      wall = Date.parse(line.slice(25));
    } else if (line.startsWith("#EXTINF:")) {
      const duration = Number.parseFloat(line.slice(8)) * 1000;
      const last = stretches.at(-1);
      if (wall === null && last) last.duration += duration;
      else stretches.push({ media, wall: wall ?? 0, duration });
      media += duration;
      wall = null;
    }
  }
  return stretches;
}

/** When what plays at `media` ms was recorded; the end of the last stretch beyond that. */
export function toWall(stretches, media) {
  const stretch = stretches.findLast((candidate) => candidate.media <= media) ?? stretches[0];
  return stretch.wall + Math.min(media - stretch.media, stretch.duration);
}

/** Where the moment `wall` is played: ms, or where the recording goes on after it; null after the last stretch. */
export function toMedia(stretches, wall) {
  for (const { media, wall: start, duration } of stretches) {
    if (wall < start) return media;
    if (wall < start + duration) return media + wall - start;
  }
  return null;
}

/** Whether the moment itself is there. */
export function covers(stretches, wall) {
  return stretches.some((stretch) => stretch.wall - SMALL <= wall && wall < stretch.wall + stretch.duration);
}

/** The pause that lies between two media times that follow each other: {from, to} on the wall clock, or null. */
export function gapBetween(stretches, before, after) {
  const index = stretches.findLastIndex((stretch) => stretch.media <= after);
  const [previous, stretch] = [stretches[index - 1], stretches[index]];
  if (!previous || before >= stretch.media) return null;
  const from = previous.wall + previous.duration;
  return stretch.wall - from > SMALL ? { from, to: stretch.wall } : null;
}
