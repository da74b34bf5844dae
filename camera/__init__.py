"""Light and sound to RTSP: sources, the demo camera and the publishers that heal themselves."""
