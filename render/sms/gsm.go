package sms

// The GSM 03.38 basic alphabet and its extension table, as Unicode maps to
// them. Position 0x09 is the capital Ç alone: ç needs UCS-2.
const (
	basicAlphabet = "\n\r !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz" +
		"¡£¤¥§¿ÄÅÆÇÉÑÖØÜßàäåæèéìñòöøùüΓΔΘΛΞΠΣΦΨΩ"
	extensionAlphabet = "\f[\\]^{|}~€"
)

// latin holds the units of every character below 0x100; others gives the rest.
var latin = func() (t [256]uint8) {
	for _, r := range basicAlphabet {
		if r < 256 {
			t[r] = 1
		}
	}
	for _, r := range extensionAlphabet {
		if r < 256 {
			t[r] = 2
		}
	}
	return t
}()

// gsmUnits returns how many 7-bit units r takes, 0 if GSM-7 lacks it.
func gsmUnits(r rune) int {
	if r >= 0 && r < 256 {
		return int(latin[r])
	}
	switch r {
	case 'Γ', 'Δ', 'Θ', 'Λ', 'Ξ', 'Π', 'Σ', 'Φ', 'Ψ', 'Ω':
		return 1
	case '€':
		return 2
	}
	return 0
}

// swap returns GSM-7 text that a reader takes for the same, or "".
func swap(cluster string) string {
	return swaps[cluster]
}

var swaps = map[string]string{
	"‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "`": "'", "´": "'",
	"“": `"`, "”": `"`, "„": `"`, "‟": `"`, "″": `"`, "«": `"`, "»": `"`,
	"‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-",
	"…": "...", "•": "-", "·": ".", "×": "x",
	"\u00a0": " ", "\u2007": " ", "\u2009": " ", "\u202f": " ", "\u3000": " ", "\t": " ",
	"á": "a", "â": "a", "ã": "a", "ç": "c", "ê": "e", "ë": "e", "í": "i", "î": "i", "ï": "i",
	"ó": "o", "ô": "o", "õ": "o", "ú": "u", "û": "u", "ý": "y", "ÿ": "y", "œ": "oe",
	"À": "A", "Á": "A", "Â": "A", "Ã": "A", "È": "E", "Ê": "E", "Ë": "E", "Í": "I", "Î": "I",
	"Ó": "O", "Ô": "O", "Õ": "O", "Ú": "U", "Û": "U", "Œ": "OE",
}
