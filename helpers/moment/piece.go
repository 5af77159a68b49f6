package moment

// PieceKind is what a piece of a format is.
type PieceKind uint8

// The kinds.
const (
	PieceText      PieceKind = iota // printed as it stands, a character or an escape
	PieceToken                      // a part of the date: "YYYY"
	PieceLocal                      // a localized format: "LL"
	PieceBracketed                  // [text]
)

// Piece is a part of a format, as Compile reads it.
type Piece struct {
	Kind PieceKind
	Text string
}

// Pieces cuts a format into what Compile reads in it; together they are the format. Localized formats stay whole.
func Pieces(format string) (out []Piece) {
	for format != "" {
		n, kind := bracketLength(format), PieceBracketed
		if n == 0 {
			n, kind = localLength(format), PieceLocal
		}
		if n == 0 {
			if n, kind = max(tokenLength(format), 1), PieceText; isToken(format[:n]) {
				kind = PieceToken
			}
		}
		out = append(out, Piece{kind, format[:n]})
		format = format[n:]
	}
	return out
}

// isToken says whether Compile prints something of the date for a piece.
func isToken(s string) bool {
	english, _ := FindLocale(fallbackLocale)
	_, ok := english.tokenOp(s, s)
	return ok
}

const fallbackLocale = "en"
