"""Never stuck, never lost: a real kernel under floods of moves, many panels and hostile graphs."""
