"""Segments to windows to events to clips: the motion job and its detector; OpenCV only here."""
