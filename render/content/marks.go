package content

// A marked template prints each value between marks, so that its output tells
// text of the author from data. Data can't forge a mark: values are printed
// without control characters. A mark is markOpen, a kind, then for a value the
// value and markClose.
const (
	MarkOpen  = '\x01'
	MarkClose = '\x02'

	KindValue    = 't' // {{x}}
	KindRaw      = 'r' // {{{x}}}
	KindAgent    = 'u' // {{{user.emailSignature}}}: raw, and of the team's own
	KindHTMLBody = 'h' // {{{draft.htmlBody}}}, no value
	KindTextBody = 'x' // {{draft.textBody}}, no value

	KindBegin = 'b' // a block within a line begins, no value
	KindEnd   = 'e' // it ends, no value

	kindEmpty = '0' // in a skeleton: nothing was printed here
)
