"""Makes what is released: the package and the plain template. Never part of the package itself."""
