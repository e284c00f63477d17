/** Made by scripts/gen.py from the server's own limits; never edited. */
export const PASSWORD_CHARS_MIN = 10
