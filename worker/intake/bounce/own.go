package bounce

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/heraldsend/herald/worker/channel/send"
)

var (
	serverName = regexp.MustCompile(`(?i)^"?(mail(er)?[-_. ]?daemon|post-?master|mail delivery (sub)?system|mail (delivery )?system|mail administrator|system administrator|mail router|internet mail delivery|delivery subsystem|microsoft outlook|mdaemon|mail-daemon|inet|noreply-dmarc|mailadmin|admin(istrator)? of mail|lotus|domino|e?mail gateway)\b`)
	serverBox  = regexp.MustCompile(`(?i)^(mail(er)?[-_.]?daemon.*|post-?master.*|microsoftexchange[0-9a-f]{32}.*|mdaemon|maildelivery.*|mail-?delivery.*|bounce[sd]?|mmdf|uucp|lotus.*|domino.*)$`)

	// failureTitle are subjects of servers' own reports.
	failureTitle = regexp.MustCompile(`(?i)\bundeliver(able|ed)|\bnon-?deliver|delivery (status|failure|failed|report|error|problem|notification|has failed)|deliver(y|ed) .{0,30}fail|failure (notice|delivery)|returned mail|returned to sender|mail (system )?(delivery )?(error|failed|failure)|could not (be )?deliver|not (be )?delivered|user unknown|delivery unsuccessful|unzustellbar|nicht zugestellt|zustell(ung|fehler)|nicht zustellbar|unzustellbarkeit|echec de (la )?(distribution|remise)|non remis|no se (puede|pudo) entregar|配信(不能|エラー|できません)|届きません|送信できません|メール(の)?(送信|配信)(エラー|失敗)|エラーメール`)

	// warning are words of a report that the server still tries.
	warning = regexp.MustCompile(`(?i)this is a warning( message)? only|\bwarning only\b|still being retried|(will|to) (continue to |keep |be )?(re)?tr(y|ied|ying)\b.{0,40}(until|for|up to|again|deliver)|has not (yet )?been delivered|not yet been delivered|delivery is delayed|has been delayed|delayed mail|no action is required on your part|delivery attempts will continue|wird weiter(hin)? versucht|verzögert|verspätet|再送(を|信)(続け|試)|遅延`)
	// final are words that it gave up.
	final = regexp.MustCompile(`(?i)permanent|unable to deliver|gave up|given up|giving up|could not be delivered|undeliverable|has failed|fatal|endgültig|returned to sender`)
)

// fromServer reports a mail that a mail server wrote about another mail.
func (m *mail) fromServer() bool {
	from := m.header.decodedField("from")
	title := m.header.decodedField("subject")
	box, _, _ := strings.Cut(addressIn(from), "@")
	switch {
	case m.header.has("x-failed-recipients"):
		return true
	case serverBox.MatchString(box) || serverName.MatchString(strings.TrimSpace(from)) || box == "" && serverBox.MatchString(strings.Trim(from, "<> ")):
		return true
	case strings.HasPrefix(m.params["report-type"], "delivery-status"):
		return true
	}
	return strings.TrimSpace(m.header.get("return-path")) == "<>" && failureTitle.MatchString(title)
}

// own reads a report in a server's own form: whom it names, what follows the name.
func (m *mail) own() []Report {
	title := m.header.decodedField("subject")
	if !final.MatchString(m.said) && (warning.MatchString(title) || warning.MatchString(m.said)) {
		return []Report{{Class: Delayed, Form: FormOwn, Recipient: m.named(), Words: send.Words(firstWords(m.said))}}
	}
	if !failureTitle.MatchString(title) && !m.header.has("x-failed-recipients") && !failed.MatchString(m.said) {
		return nil // a server's mail about something else
	}
	var reports []Report
	for _, b := range m.blocks() {
		r := Report{Form: FormOwn, Recipient: b.recipient, Status: statusIn(b.text), Words: send.Words(firstWords(b.text))}
		r.Class = judge(r.Status, b.text, b.text)
		if r.Class == Soft && silent(b.text) {
			r.Class = judge(cmp.Or(r.Status, statusIn(m.said)), m.said, m.said)
		}
		reports = append(reports, r)
	}
	if len(reports) == 0 {
		status := statusIn(m.said)
		reports = []Report{{Class: judge(status, title+"\n"+m.said, m.said), Form: FormOwn, Status: status, Words: send.Words(firstWords(m.said))}}
	}
	return reports
}

// failed are words of a text that says that a mail was not delivered.
var failed = regexp.MustCompile(`(?i)(was ?n.t|was not|could ?n.t|could not|cannot|can.t|unable to|not able to|did not) .{0,60}(deliver|reach|sent)|deliver(y|ed)? .{0,60}(fail|impossible|unsuccessful)|permanent (fatal )?error|undeliverable|nicht (zugestellt|ausgeliefert|zustellbar)|送信できません|配信できません|届け(る|でき)`)

// firstWords is the beginning of a text on one line.
func firstWords(s string) string {
	return strings.TrimSpace(runs.ReplaceAllString(s[:min(len(s), 2<<10)], " "))
}

// block is what a report says of one recipient.
type block struct{ recipient, text string }

// leading is a line that begins with the address of a recipient: `<ada@example.com>:`, `  ada@example.com`, `RCPT To:<…>`.
var leading = regexp.MustCompile(`(?i)^[\s*>]*(?:(?:recipient|to|address|user|e-?mail|rcpt to|failed recipient|empfänger|宛先|受信者)(?: address)?\s*[:：]\s*)?(?:"[^"]{0,80}" )?<?(?:smtp:|mailto:|rfc822;)?([^\s<>"()]{1,128}@[^\s<>"()]{1,128}?)>?\s*(?:[:;,(…]|$|\s(?:on|\.\.\.|-))`)

// blocks cuts the text at lines that begin with a recipient's address. Each block reaches to the next one.
func (m *mail) blocks() []block {
	known := m.failedRecipients()
	var found []block
	for line := range strings.Lines(m.said) {
		if match := leading.FindStringSubmatch(line); match != nil && len(found) < maxReported {
			if a := addressIn(match[1]); a != "" && !m.ours(a) && (len(known) == 0 || known[strings.ToLower(a)]) {
				if n := len(found); n == 0 || !strings.EqualFold(found[n-1].recipient, a) {
					found = append(found, block{recipient: a})
				}
			}
		}
		if n := len(found); n > 0 && len(found[n-1].text) < 4<<10 {
			found[n-1].text += line
		}
	}
	if len(found) == 0 {
		if a := m.named(); a != "" {
			return []block{{a, m.said}}
		}
	}
	// An address in a list above is told with nothing behind it: what is said stands below, or nowhere.
	var kept []block
	for i, b := range found {
		twin := false
		for _, other := range found[i+1:] {
			twin = twin || strings.EqualFold(other.recipient, b.recipient)
		}
		if !twin {
			kept = append(kept, b)
		}
	}
	return kept
}

// failedRecipients are those that Exim and Gmail name in a field.
func (m *mail) failedRecipients() map[string]bool {
	found := map[string]bool{}
	for _, a := range addressPattern.FindAllString(m.header.get("x-failed-recipients"), maxReported) {
		found[strings.ToLower(a)] = true
	}
	return found
}

// named is the recipient that a report names anywhere.
func (m *mail) named() string {
	if a := addressIn(m.header.get("x-failed-recipients")); a != "" {
		return a
	}
	for _, a := range addressPattern.FindAllString(m.said, 20) {
		if a = strings.Trim(a, ".'"); !m.ours(a) && a != header(m.returned).get("message-id") {
			return a
		}
	}
	return ""
}

// ours reports an address that is no recipient: the sender's, the server's, a postmaster's.
func (m *mail) ours(a string) bool {
	box, _, _ := strings.Cut(strings.ToLower(a), "@")
	if box == "postmaster" || box == "mailer-daemon" || box == "abuse" || box == "support" || box == "helpdesk" {
		return true
	}
	for _, other := range []string{m.header.get("to"), m.header.get("from"), m.header.get("delivered-to"), header(m.returned).get("from"), header(m.returned).get("return-path"), header(m.returned).get("message-id")} {
		if other != "" && strings.Contains(strings.ToLower(other), strings.ToLower(a)) {
			return true
		}
	}
	return false
}
