package transcript

import (
	"regexp"
	"strings"
)

// How mail programs announce that they quote. What follows is quoted: the lines marked with >, or else all of it.
var (
	// "On Tue, 3 Feb 2026 at 09:15, Ada <ada@x.example> wrote:", which may take two lines.
	attribution   = regexp.MustCompile(`(?i)\b(wrote|writes|schrieb|a écrit|escribió|ha scritto|schreef|escreveu|skrev|pisze|napisał\(?a?\)?)\b.{0,80}[:：]$|(のメール|написал|写道).{0,40}[:：]$`)
	dateOrAddress = regexp.MustCompile(`\d|@`) // an attribution has a time or an address
	// "-----Original Message-----", "Begin forwarded message:"
	announced = regexp.MustCompile(`(?i)^-{3,}\s?\pL[\pL' ]{2,60}\s?-{3,}$|^(begin forwarded message|anfang der weitergeleiteten (nachricht|e-mail)|début du message (réexpédié|transféré)|inicio del mensaje reenviado|inizio messaggio inoltrato)\s*:$`)
	// "From: …" above "Sent: …" or the like
	sender = regexp.MustCompile(`(?i)^\*?(from|von|de|da|van|från|fra|od|差出人|发件人)\*?\s*[:：]\s*\S`)
	header = regexp.MustCompile(`(?i)^\*?(sent|gesendet|date|datum|envoyé|enviado|fecha|inviato|data|verzonden|skickat|sendt|wysłano|to|an|à|para|a|aan|till|til|do|cc|subject|betreff|objet|asunto|oggetto|onderwerp|ämne|emne|temat|送信日時|宛先|件名|发送时间|收件人|主题)\*?\s*[:：]`)
)

// withoutQuotes is text with the mark in place of each of its quotations.
func withoutQuotes(text string) string {
	lines := strings.Split(text, "\n")
	out := make([]string, 0, len(lines))
	for i := 0; i < len(lines); i++ {
		switch {
		case isQuoted(lines[i]):
			for i+1 < len(lines) && (isQuoted(lines[i+1]) || isBlank(lines[i+1]) && i+2 < len(lines) && isQuoted(lines[i+2])) {
				i++
			}
			out = append(out, "> "+Mark)
			continue
		case announces(lines, i):
			next := i + 1
			for next < len(lines) && isBlank(lines[next]) {
				next++
			}
			if next == len(lines) || isQuoted(lines[next]) {
				break
			}
			if !sender.MatchString(strings.TrimSpace(lines[i])) {
				out = append(out, lines[i])
			}
			return strings.Join(append(out, "> "+Mark), "\n")
		}
		out = append(out, lines[i])
	}
	return strings.Join(out, "\n")
}

func isBlank(line string) bool { return strings.TrimSpace(line) == "" }

// isQuoted reports a line that is marked as one of a quotation.
func isQuoted(line string) bool {
	line = strings.TrimLeft(line, " \t\u00a0\u200b\ufeff")
	return strings.HasPrefix(line, ">") || strings.HasPrefix(line, "＞") || strings.HasPrefix(line, "&gt;")
}

// announces reports a line behind which a quotation follows.
func announces(lines []string, i int) bool {
	line := strings.TrimSpace(lines[i])
	const far = 300 // bytes: no longer line is one
	if len(line) > far || !strings.HasPrefix(line, "--") && !strings.ContainsAny(line, ":：") {
		return false
	}
	switch {
	case announced.MatchString(line):
		return true
	case (strings.HasSuffix(line, ":") || strings.HasSuffix(line, "：")) && attribution.MatchString(line):
		return dateOrAddress.MatchString(line) || i > 0 && dateOrAddress.MatchString(lines[i-1])
	case sender.MatchString(line):
		for _, next := range lines[i+1 : min(i+4, len(lines))] {
			if header.MatchString(strings.TrimSpace(next)) {
				return true
			}
		}
	}
	return false
}
