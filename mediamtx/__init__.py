"""RTSP to files: owns every name and folder on disk, both recorders, and cutting clips out of segments."""
