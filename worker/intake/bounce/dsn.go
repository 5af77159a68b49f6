package bounce

import (
	"regexp"
	"strings"

	"github.com/heraldsend/herald/worker/channel/send"
)

// readDSN reads the groups of fields of a delivery report: the first one is about the message, each further one about a
// recipient (RFC 3464 section 2.1).
func readDSN(data []byte, text string) []Report {
	var reports []Report
	for len(data) > 0 && len(reports) < maxReported {
		var h header
		h, data = readHeader(data)
		if !h.has("action") && !h.has("status") && !h.has("final-recipient") {
			continue
		}
		reports = append(reports, h.report(text))
	}
	return reports
}

// report is what the fields of one recipient say. Where they give no reason the mail's text is read instead.
func (h header) report(text string) Report {
	r := Report{Form: FormDSN, Status: statusIn(h.get("status")), Recipient: h.recipient()}
	said := typed(h.get("diagnostic-code"))
	if said == "" {
		said = h.get("status") // some put their words in a comment
	}
	if s := statusIn(said); vague(r.Status) && s != "" {
		r.Status = s
	}
	r.Words = send.Words(said)
	switch action, _, _ := strings.Cut(strings.ToLower(h.get("action")), " "); strings.Trim(action, ".;") {
	case "delivered":
		r.Class = Delivered
	case "relayed", "expanded": // it went where nobody tells
		r.Class = Nothing
	case "delayed":
		r.Class = Delayed
	default: // failed, or what is meant to be
		if strings.HasPrefix(r.Status, "2.") {
			r.Class = Delivered
			break
		}
		if silent(said) {
			said += "\n" + text
		}
		r.Class = judge(r.Status, said, text)
	}
	return r
}

// recipient prefers the address that the message was sent to over one that it was forwarded to.
func (h header) recipient() string {
	for _, name := range []string{"original-recipient", "final-recipient", "x-actual-recipient"} {
		if a := addressIn(unxtext(typed(h.get(name)))); a != "" {
			return a
		}
	}
	return ""
}

// typed is a value without its type: `rfc822; ada@example.com`, `smtp; 550 …`.
func typed(value string) string {
	kind, rest, ok := strings.Cut(value, ";")
	if ok && len(kind) < 24 && !strings.ContainsAny(kind, "@<>") {
		return strings.TrimSpace(rest)
	}
	return value
}

var xtextPattern = regexp.MustCompile(`\+[0-9A-F]{2}`)

// unxtext decodes xtext (RFC 3461 section 4), as in ada+2Bnews@example.com. Where it decodes to no mailbox it was none.
func unxtext(s string) string {
	decoded := xtextPattern.ReplaceAllStringFunc(s, func(hex string) string {
		const digits = "0123456789ABCDEF"
		c := strings.IndexByte(digits, hex[1])<<4 | strings.IndexByte(digits, hex[2])
		if c <= ' ' || c >= 0x7f {
			return hex
		}
		return string(rune(c))
	})
	if decoded == s || strings.Count(decoded, "@") != 1 {
		return s
	}
	return decoded
}

var statusPattern = regexp.MustCompile(`(?:^|[\s#(\[:;-])([245]\.\d{1,3}\.\d{1,3})(?:$|[\s)\],;:.<-])`)

// statusIn is the first RFC 3463 status in a text; "" where there is none.
func statusIn(text string) string {
	if m := statusPattern.FindStringSubmatch(text[:min(len(text), maxText)]); m != nil {
		return m[1]
	}
	return ""
}

// vague reports a status that says failure and no more.
func vague(status string) bool {
	return status == "" || status == "5.0.0" || status == "4.0.0" || status == "5.5.0" || status == "5.3.0"
}

// silent reports words that give no reason: none, or only numbers.
func silent(said string) bool {
	letters := 0
	for _, c := range strings.ToLower(mailboxes.ReplaceAllString(said, " ")) {
		switch {
		case c >= 'a' && c <= 'z':
			letters++
		case c > 0x7f: // one may be a word
			letters += 4
		}
	}
	return letters < 8
}
