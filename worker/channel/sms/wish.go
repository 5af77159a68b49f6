package sms

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Wish is what a recipient asks for by an SMS.
type Wish int

// The wishes.
const (
	NoWish Wish = iota
	OptOut      // no more messages
	OptIn       // messages again
)

// The words of each wish, by language; one of them must be the whole text. English: Twilio's "Support for opt-out
// keywords" (help.twilio.com), the CTIA's Messaging Principles and Best Practices (section 5.1.3), the FCC's list of
// 2025 (47 CFR 64.1200(a)(10)), AWS's and Telnyx's required keywords. Others: what carriers there use, in the
// languages of the samples.
var builtIn = map[Wish][]string{
	OptOut: {
		"STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "UNSUB", "CANCEL", "END", "QUIT", "REVOKE", "OPT OUT", "REMOVE", "REMOVE ME", "TD",
		"STOP PLEASE", "PLEASE STOP", "STOP TEXTING", "STOP TEXTING ME", "STOP MESSAGES", "NO MORE", "LEAVE ME ALONE",
		"STOPP", "STOPPEN", "ABMELDEN", "ABMELDUNG", "ABBESTELLEN", "AUSTRAGEN", "BEENDEN", "KEINE SMS", "KEINE SMS MEHR", // German
		"ARRET", "ARRETT", "ARRETE", "ARRETER", "ARRETEZ", "STOP SMS", "DESABONNER", "DESABONNEMENT", "DESINSCRIRE", "DESINSCRIPTION", "ANNULER", // French
		"ALTO", "PARAR", "PARE", "BAJA", "DAR DE BAJA", "DARME DE BAJA", "CANCELAR", "DETENER", "NO MAS", "NO MAS MENSAJES", // Spanish
		"停止", "配信停止", "解除", "配信解除", "退会", "ストップ", "とめて", "止めて", // Japanese
	},
	OptIn: {
		"START", "UNSTOP", "YES", "RESUME", "SUBSCRIBE", "OPT IN", "CONTINUE",
		"ANMELDEN", "WEITER", "STARTEN", // German
		"REPRENDRE", "COMMENCER", "REABONNER", "DEMARRER", // French
		"INICIAR", "COMENZAR", "EMPEZAR", "REANUDAR", "ALTA", // Spanish
		"再開", "配信再開", "開始", "スタート", // Japanese
	},
}

// Words are the texts of each wish. The zero value has none; make one with NewWords.
type Words map[string]Wish

// NewWords returns the built-in words, with those of out and in added. A word with a hyphen is removed: "BASTA",
// "-END". Lists are separated by commas. STOP itself stays an opt-out: carriers and laws know it as one.
func NewWords(out, in string) (Words, error) {
	words := Words{}
	for wish, list := range builtIn {
		for _, word := range list {
			words[fold(word)] = wish
		}
	}
	named := map[string]Wish{}
	for wish, list := range map[Wish]string{OptOut: out, OptIn: in} {
		for entry := range strings.SplitSeq(list, ",") {
			text, removed := strings.CutPrefix(strings.TrimSpace(entry), "-")
			word := fold(text)
			switch {
			case word == "" && strings.TrimSpace(entry) == "":
			case word == "":
				return nil, fmt.Errorf("%.50q has no letter", entry)
			case word == "stop" && (removed || wish == OptIn):
				return nil, fmt.Errorf("STOP always is an opt-out")
			case named[word] != NoWish:
				return nil, fmt.Errorf("%.50q is named twice", text)
			case removed && words[word] != wish:
				return nil, fmt.Errorf("%.50q is none of the built-in words that could be taken away", text)
			case removed:
				delete(words, word)
			default:
				words[word], named[word] = wish, wish
			}
		}
	}
	return words, nil
}

// Read returns the wish of an incoming SMS: the one that Twilio names (OptOutType), or the one that the whole text
// is, regardless of case, accents, width, blanks and punctuation.
func (w Words) Read(form url.Values) Wish {
	switch form.Get("OptOutType") {
	case "STOP":
		return OptOut
	case "START":
		return OptIn
	case "":
		return w[fold(form.Get("Body"))]
	}
	return NoWish // HELP
}

// longestWish bounds what is looked at: a longer text is a message to a person.
const longestWish = 100

// fold leaves the letters and digits of a text, without case, accents and width.
func fold(text string) string {
	if len(text) > longestWish {
		return ""
	}
	var b strings.Builder
	for _, r := range norm.NFKD.String(text) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			_, _ = b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}
