package email

import (
	"regexp"
	"slices"
	"strings"
)

// whose says what a refusal is about. One about the recipient or the message is final with a 5yz reply and temporary
// with a 4yz reply. One about the account or the sender is never final: every other message of theirs meets it too,
// and all can be sent once an operator has solved it.
type whose string

const (
	theRecipients whose = "recipient" // the mailbox, and its server's rules for it
	theMessages   whose = "message"   // its size, its content
	theAccounts   whose = "account"   // login, relaying, quota, reputation, our name in EHLO, the server itself
	theSenders    whose = "sender"    // the From address may not be used here: the account is fine for others
)

// An answer of the table matches if everything that it names does: reply codes, enhanced status codes ("x.2.2" for
// 4.2.2 and 5.2.2), and words of the text in lower case without addresses.
type answer struct {
	codes    []int
	enhanced []string
	words    *regexp.Regexp
	whose    whose
}

// answers are tried in this order; the first match decides. Without a match the step decides: see whoseTrouble.
//
// Enhanced codes: RFC 3463, RFC 4954, RFC 5248, RFC 7372, and Microsoft's list of non-delivery reports in Exchange Online.
// Words: what Postfix, Exim, Sendmail, Exchange, Gmail, SES, Mailgun, SendGrid, cPanel and others say; testdata/answers.txt
// has them with their sources.
var answers = []answer{
	{whose: theAccounts, words: regexp.MustCompile(`relay (sending )?limit|bad outbound sender`)}, // where the enhanced code says something else
	{whose: theRecipients, enhanced: []string{
		"x.1.1", "x.1.2", "x.1.3", "x.1.4", "x.1.6", "x.1.10", "x.2.1", "x.2.2", "x.2.4", "5.4.1", "5.7.12", "5.7.17", "5.7.124", "5.7.129",
		"5.7.133", "5.7.134", "5.7.135", "5.7.136", "5.7.504", "5.7.505", "5.7.507", "5.7.703",
	}},
	{whose: theMessages, enhanced: []string{
		"x.2.3", "x.3.4", "x.4.6", "x.4.14", "x.6.0", "x.6.1", "x.6.2", "x.6.3", "x.6.4", "x.6.5", "x.6.6", "x.6.7", "x.6.8", "x.6.9", "5.7.512",
	}},
	{whose: theAccounts, codes: []int{421, 454, 525, 530, 534, 535, 538}},
	{whose: theAccounts, enhanced: []string{
		"4.3.1", "4.3.2", "4.3.5", "x.4.5", "x.7.8", "x.7.9", "5.7.3", "5.7.11", "4.7.12", "5.7.13", "5.7.14", "5.7.25", "5.7.57", "5.7.64",
		"5.7.501", "5.7.502", "5.7.503", "5.7.506", "5.7.508", "5.7.511", "5.7.513", "5.7.705", "5.7.708", "5.7.750",
	}},
	{whose: theSenders, enhanced: []string{
		"x.1.8", "5.7.20", "5.7.21", "5.7.22", "5.7.23", "5.7.24", "x.7.26", "x.7.27", "x.7.30", "5.7.60", "5.7.509", "5.7.515", "5.2.252",
	}},
	{whose: theRecipients, words: regexp.MustCompile(`\bgr[ae]y-?list|over ?quota|(mailbox|inbox|user|account).{0,30}\b(full|quota|storage)|quota.{0,30}\bmailbox`)},
	{whose: theAccounts, words: regexp.MustCompile(`throttl|\b(per|this) (second|minute|hour|day)\b|sender thread limit|submission rate`)},
	{whose: theMessages, words: regexp.MustCompile(
		`too (large|big|long)\b|\b(message|mail|content|data|file|line|header)s? (size|length)|size (limit|exceed)|exceeds? .{0,30}\bsize|too many (hops|received|recipients)|hop count|\bloop`)},
	{whose: theSenders, words: regexp.MustCompile(
		`not owned by|sender (address|domain|verif\w*|signature)?.{0,20}\b(rejected|failed|denied|invalid|unknown|not (allowed|permitted|authori[sz]ed|verified))` +
			`|send(ing)? ?(mail |email |messages? )?(as|from) |sendasdenied|sender identity|(address|identit\w+|domain)( is| are)? not (been )?verified|from (address|domain)|envelope sender|mail from .{0,20}\b(rejected|denied)` +
			`|\b(spf|dkim|dmarc)\b`)},
	{whose: theAccounts, words: regexp.MustCompile(
		`\brelay(ing)?\b.{0,30}\b(denied|prohibited|not|disallowed|restricted|limit)|\b(not|cannot|can't|unable to|no|refus\w+ to|denied|disallowed)\b.{0,40}\brelay(ing|ed)?\b` +
			`|\bauth(enticat\w*)?\b.{0,20}\b(required|needed|first|failed|credentials|before)|invalid credentials|server (is )?busy|\b(must|need to|please|requires?|not|without)\b.{0,20}\bauth(enticat\w*)?\b|starttls|encryption (is )?required|\btls (is )?required` +
			`|\b(helo|ehlo)\b|\b(client|connecting) host\b|\b(sending|sender|source|client|your) ip\b|\bip( address)? ?\[|reverse (dns|hostname|lookup)|\bptr record|rdns` +
			`|limits? (is |was |has been |have been )?(exceeded|reached)|exceed\w* .{0,40}\b(limits?|quota|threshold|rate|credits?|max\w*|allowed)\b|(quota|credits?|rate|volume)( \w+)? (is |was |has been )?exceeded` +
			`|too (many|much) (mail|messages|emails|connections|concurrent|errors|failures|auth\w*)\b|\brate limit|out of credit|insufficient (credits?|system|disk)|sending (has been |is )?(paused|suspended|disabled|blocked)` +
			`|outbound ?spam|\byour (account|domain|organi[sz]ation)\b|not (allowed|authori[sz]ed) to send( (mail|email|messages?))?($|[.,;:]| from| through| via)|not authori[sz]ed to (perform|use)|access denied, (spam|traffic|banned|tenant|bad)|queue file write|server configuration|probation`)},
}

// whoseTrouble says what a reply of 4yz or 5yz at a step is about. Only RCPT names a recipient.
func whoseTrouble(step string, r reply) whose {
	text, status := bare(r.text), enhanced(r.text)
	for _, a := range answers {
		if a.matches(r.code, status, text) {
			return a.whose
		}
	}
	if step == "RCPT" {
		return theRecipients
	}
	return theMessages
}

func (a answer) matches(code int, status, text string) bool {
	switch {
	case a.codes != nil && !slices.Contains(a.codes, code):
		return false
	case a.enhanced != nil && (status == "" || !slices.Contains(a.enhanced, status) && !slices.Contains(a.enhanced, "x"+status[1:])):
		return false
	}
	return a.words == nil || a.words.MatchString(text)
}

var addressLike = regexp.MustCompile(`<[^<>]*>|\S*@\S*`)

// bare is the text of a reply in lower case, without addresses, whose parts could look like words.
func bare(text string) string { return strings.ToLower(addressLike.ReplaceAllString(text, " ")) }
