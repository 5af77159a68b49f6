package bounce

import (
	"strings"

	"github.com/heraldsend/herald/worker/channel/send"
)

// readARF reads a feedback report. Of its types, abuse, fraud and virus are complaints; opt-out is a wish to be
// unsubscribed; not-spam takes a complaint back, and auth-failure and dmarc are about somebody who used our name.
func readARF(data []byte) Report {
	h, _ := readHeader(data)
	r := Report{Form: FormARF, Recipient: addressIn(typed(h.get("original-rcpt-to")))}
	kind := strings.ToLower(h.get("feedback-type"))
	r.Words = send.Words(kind)
	switch kind {
	case "abuse", "fraud", "virus", "other", "":
		r.Class = Complaint
		if kind == "other" || kind == "" {
			r.Class = Nothing // whatever it is, nobody says that it was unwanted
		}
	case "opt-out", "opt-out-list":
		r.Class = Unsubscribe
	default:
		r.Class = Nothing
	}
	return r
}
