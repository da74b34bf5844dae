"""Settings, their loading and checking, and the errors; imports none of our other packages."""
