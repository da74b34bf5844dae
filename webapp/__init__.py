"""Everything to the browser; Flask only here."""

VERSION = "0.1.0"
