"""What the `birbcam` command runs besides the parts: the demo and the doctor."""
