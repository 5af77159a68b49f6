package sms

import (
	"net/url"
	"strings"
	"testing"
)

func TestReadWishes(t *testing.T) {
	words, err := NewWords("", "")
	if err != nil {
		t.Fatal(err)
	}
	// Every word, in the spellings of people and telephones.
	for wish, list := range builtIn {
		for _, word := range list {
			for _, text := range []string{
				word, strings.ToLower(word), " " + word + "\n", word + ".", word + "!!!", "\"" + word + "\"", "“" + word + "”", "(" + word + ")",
				strings.ReplaceAll(word, " ", "-"), strings.ReplaceAll(word, " ", ""), word + " 🙏", "\u200e" + word, word + "\u00a0",
			} {
				if got := words.Read(url.Values{"Body": {text}}); got != wish {
					t.Errorf("%q: %d, want %d", text, got, wish)
				}
			}
		}
	}
	for text, want := range map[string]Wish{
		"Stop.": OptOut, "OPT OUT": OptOut, "opt-out": OptOut, "OptOut": OptOut, "Arrêt": OptOut, "ARRÊTER": OptOut, "arre\u0302t": OptOut, "STOPALL": OptOut,
		"Désinscription": OptOut, "No más": OptOut, "¡Alto!": OptOut, "ＳＴＯＰ": OptOut, "停止。": OptOut, "ｽﾄｯﾌﾟ": OptOut, "s t o p": OptOut,
		"Unstop": OptIn, "START!": OptIn, "yes": OptIn, "Réabonner": OptIn, "再開": OptIn,
		"": NoWish, "...": NoWish, "🛑": NoWish, "Please stop by tomorrow": NoWish, "When does it end?": NoWish, "I want to cancel my order": NoWish,
		"Bus stop": NoWish, "YES, at 5": NoWish, "nonstop": NoWish, "STOPPED": NoWish, "help": NoWish, strings.Repeat("!", 200) + "STOP": NoWish,
	} {
		if got := words.Read(url.Values{"Body": {text}}); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	// What Twilio decided goes before the text.
	for kind, want := range map[string]Wish{"STOP": OptOut, "START": OptIn, "HELP": NoWish} {
		if got := words.Read(url.Values{"OptOutType": {kind}, "Body": {"stop"}}); got != want {
			t.Errorf("%s: %d, want %d", kind, got, want)
		}
	}
}

func TestOwnWords(t *testing.T) {
	words, err := NewWords("BASTA, -cancel,-End", "weiter so, -YES")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]Wish{"basta!": OptOut, "Cancel": NoWish, "end": NoWish, "Weiter so!": OptIn, "yes": NoWish, "stop": OptOut, "start": OptIn} {
		if got := words.Read(url.Values{"Body": {text}}); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	for _, c := range [][2]string{{"-stop", ""}, {"", "Stop!"}, {"-nothing", ""}, {"!!", ""}, {"-", ""}, {"hey", "HEY"}, {"-yes", ""}} {
		if _, err := NewWords(c[0], c[1]); err == nil {
			t.Errorf("%q: accepted", c)
		}
	}
}
