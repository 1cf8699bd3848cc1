"""Parts of panels that the modules share; the only place besides the module files that knows Qt."""
