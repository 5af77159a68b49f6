package render

// A marked template prints each value between marks, so that its output tells
// text of the author from data. Data can't forge a mark: values are printed
// without control characters. A mark is markOpen, a kind, then for a value the
// value and markClose.
const (
	markOpen  = '\x01'
	markClose = '\x02'

	kindValue    = 't' // {{x}}
	kindRaw      = 'r' // {{{x}}}
	kindAgent    = 'u' // {{{user.emailSignature}}}: raw, and of the team's own
	kindHTMLBody = 'h' // {{{draft.htmlBody}}}, no value
	kindTextBody = 'x' // {{draft.textBody}}, no value
)
