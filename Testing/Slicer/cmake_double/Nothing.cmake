# Nothing is packed by the stand-in.
