package bounce

import (
	"regexp"
	"slices"
	"strings"
)

// Gone reports whether an RFC 3463 status says by itself that there is no such mailbox, or that its domain takes no mail.
func Gone(status string) bool { return status == "5.1.1" || status == "5.1.6" || status == "5.1.10" }

// goneToo are statuses that say so in a report, where the server has had days to find out: a domain that does not exist,
// an address that can't be one, a mailbox that was closed, a recipient that Exchange Online does not know.
var goneToo = []string{"5.1.2", "5.1.3", "5.2.1", "5.4.310"}

// spared are words of a refusal that is not about the mailbox's being there, whatever status it has: reputation and
// content, policy, rates, size, loops, time that ran out, and full mailboxes.
var spared = regexp.MustCompile(
	`spam|access denied|permission|privilege|preferences|not (allowed|authori[sz]ed|permitted)|autorisé|権限|\bjunk|\bvirus|malware|phish|block(ed|ing|list)|black ?list|deny ?list|dnsbl|\brbl\b|reputation|\bpolic(y|ies)\b|\bdmarc\b|\bspf\b|\bdkim\b|suspicious|content (rejected|filter)|\bbanned\b` +
		`|reverse dns|\bptr\b|\brelay(ing)?( access)? (denied|prohibited|not|is)|\b(to|not) relay\b|authenticat|gr[ae]y-?list|greylisted|try again|temporar|throttl|at a rate|\brate limit|too many|too (large|big|long)|exceeds? .{0,40}(size|limit|quota)|(size|length) .{0,20}(limit|exceed)|message size` +
		`|hop count|\bloop|timed? ?out|timeout|expired|retry time|delivery time|could not be reached|connection refused|no route|unreachable|network error` +
		`|over ?quota|quota|\bfull\b|mailbox size|insufficient (system )?storage|disk (space|full)|out of (disk )?space|not enough (disk )?space|exceeded storage|storage limit` +
		`|kontingent|speicherplatz|postfach.{0,30}(voll|überf)|überf(ü|ue)llt|容量|一杯|いっぱい|受信拒否|迷惑|サイズ|quota` +
		`|boîte.{0,30}pleine|llena|lleno|piena`)

// absent are words that say that there is no such mailbox or domain.
var absent = regexp.MustCompile(
	`\b(user|recipient|mailbox|account|address|addressee|mail ?box|alias|inbox|destination( e-?mail)? address|e-?mail address|email account|person)\b.{0,60}\b(unknown|not found|not exist|n't exist|does ?n.t exist|doesnt exist|invalid|not (known|listed|valid|present|recogni[sz]ed)|couldn.t be found|could not be found|wasn.t found|was not found|inactive|disabled|deactivated|terminated|closed|no longer (exists|available|valid|active|in use|on server)|is not a known|unrouteable|not our customer|discontinued|has been (deleted|removed))` +
		`|\b(unknown|no such|non-?existent|invalid|bad destination|not a valid|unrouteable|undeliverable|unresolvable|inactive|disabled|nonexisting|bad)( or \w+)?( (local|virtual|e-?mail|mail|final|destination|or|illegal))* ?(user|recipient|mailbox|account|address|alias|domain|person)\b` +
		`|\bno (such )?(mailbox|user|recipient|account|person)( here| by that name| with that name| found| exists)?\b|does(n't| not) (have|match) .{0,40}(account|recipient|mailbox)|no mailbox (here )?by that name` +
		`|not listed in (domino|public name|address book|directory)|not found in (directory|domino|the directory)|no matches to nameserver query|is not a valid mailbox|resolver\.adr\.(recip|ex)notfound|recipnotfound|recipientnotfound` +
		`|mailbox unavailable|mailbox (is )?not available|mailbox not found|recipient rejected|nosuchuser|user doesn.t have|isn.t (a known|listed)|wasn.t found at|is not (known|listed) (here|at)|unknown in .{0,30}table|this account has been disabled|delivery error: dd` +
		`|host (or domain name )?not found|domain (name )?not found|no such (host|domain)|host unknown|unknown host|name or service not known|domain does(n.t| not) exist|nxdomain|nullmx|does not accept mail \(null|couldn't find any host named|no mx (or a )?record|find a mail exchanger|indicated no smtp service|host does not accept mail` +
		`|unbekannter? (benutzer|empfänger|nutzer|adresse|teilnehmer)|(benutzer|empfänger|nutzer|e-?mail-?adresse|adresse|postfach|mailbox|account|konto).{0,60}(unbekannt|existiert nicht|nicht gefunden|gibt es nicht|nicht vorhanden|ungültig|nicht bekannt|gelöscht|deaktiviert)|kein(e|en)? (solches? )?(postfach|benutzer|empfänger|mailbox)` +
		`|存在しません|存在しない|見つかりません|見つかりませんでした|宛先不明|あて先不明|ユーザー?不明|アドレスが不明|不明なユーザ|unknown user` +
		`|utilisateur inconnu|adresse inconnue|n'existe pas|destinataire inconnu|no existe|usuario desconocido|utente sconosciuto|non esiste`)

// exists are words that the mailbox is there, or may be, although absent ones are near.
var exists = regexp.MustCompile(`unverified|verification (failed|in progress)|cannot verify|could not verify|unable to verify|callout|sender address|your (email |mail )?address|sender (domain|not)|from (address|domain)|mail from|return.?path|helo|ehlo`)

// late are words of a report whose refusal came after the whole mail. A server that refuses an unknown user then says the
// same of what a filter of its customer refused, unless a status says what it means.
var late = regexp.MustCompile(`(?i)end of data|smtp command data|>>> ?(data|\.)\b|in reply to data`)

// judge is the class of a failure: Hard or Soft. context is the text around the words.
func judge(status, said, context string) Class {
	said = said[:min(len(said), maxText)]
	text := bare(said)
	if status == "5.4.1" && strings.Contains(text, "recipient address rejected: access denied") { // Exchange Online: no such recipient
		return Hard
	}
	switch {
	case strings.HasPrefix(status, "4."), status == "5.2.2", status == "5.2.3", strings.HasPrefix(status, "5.6."), strings.HasPrefix(status, "5.3.") && status != "5.3.0":
		return Soft
	case spared.MatchString(text), exists.MatchString(text), spared.MatchString(strings.Join(links.FindAllString(said, 20), " ")):
		return Soft
	case Gone(status), slices.Contains(goneToo, status):
		return Hard
	case tempCode.MatchString(text):
		return Soft
	case absent.MatchString(text) && !late.MatchString(context):
		return Hard
	}
	return Soft
}

var (
	tempCode    = regexp.MustCompile(`(^|said:? |response:? |error:? )4[25]\d[ -]`)
	mailboxes   = regexp.MustCompile(`[^\s<>]*@[^\s<>]*`)
	addressLike = regexp.MustCompile(`<[^<>\s]*@[^<>]*>|[^\s<>]*@[^\s<>]*|https?://\S*`)
	links       = regexp.MustCompile(`https?://\S*`)
	runs        = regexp.MustCompile(`\s+`)
)

// bare is a text in lower case on one line, without addresses and links, whose parts could look like words.
func bare(text string) string {
	return runs.ReplaceAllString(strings.ToLower(addressLike.ReplaceAllString(text, " ")), " ")
}

// Judge is the class of a refusal that somebody else found to be final: Hard, where status and words say that there is no such
// mailbox or domain, else Soft.
func Judge(status, words string) Class {
	if vague(status) {
		if found := statusIn(words); found != "" {
			status = found
		}
	}
	return judge(status, words, words)
}
