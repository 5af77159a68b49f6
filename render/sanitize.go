package render

// Sanitizer keeps of foreign HTML what {{{x}}} lets through: text with its structure and links. It is safe for
// concurrent use.
type Sanitizer struct{ converter *converter }

// NewSanitizer returns one; making it is costly, keep it.
func NewSanitizer() *Sanitizer { return &Sanitizer{newConverter()} }

// HTML returns what may be shown of source.
func (s *Sanitizer) HTML(source []byte) []byte { return s.converter.rawHTML(source) }

// Text returns what a person reads of HTML that came out of HTML.
func (s *Sanitizer) Text(safe []byte) string { return string(s.converter.rawText(safe)) }
