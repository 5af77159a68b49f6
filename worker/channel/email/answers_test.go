package email

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// Real answers of real servers: whose trouble they are, and whether they end a message.
func TestAnswers(t *testing.T) {
	raw, err := os.ReadFile("testdata/answers.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		n++
		parts := strings.Split(line, " | ")
		if len(parts) != 4 {
			t.Fatalf("want STEP | WHOSE final/again | REPLY | SOURCE: %s", line)
		}
		step, want, text := parts[0], parts[1], parts[2]
		code, err := strconv.Atoi(text[:3])
		if err != nil {
			t.Fatal(line)
		}
		r := reply{code, text[4:]}
		e, got := refusal(step, r), string(whoseTrouble(step, r))
		if e.Permanent {
			got += " final"
		} else {
			got += " again"
		}
		if got != want {
			t.Errorf("%s at %s: %s, want %s", text, step, got, want)
		}
		if (e.Account && e.Permanent) || e.Account != (strings.HasPrefix(want, "account") || strings.HasPrefix(want, "sender")) {
			t.Errorf("%s at %s: %+v", text, step, e)
		}
		if e.Sender != strings.HasPrefix(want, "sender") {
			t.Errorf("%s at %s: about its sender: %t", text, step, e.Sender)
		}
	}
	if n < 80 {
		t.Errorf("only %d answers", n)
	}
}

// An address can't steer what its refusal means.
func TestAnswersIgnoreAddresses(t *testing.T) {
	for _, address := range []string{"relay-denied@example.org", "helo@example.org", "authentication.required@spf.example", "daily.limit.exceeded@x.example", "greylist@x.example"} {
		for _, text := range []string{"<" + address + ">: Recipient address rejected: no such user", address + " unknown", "<" + address + ">... User unknown"} {
			if w := whoseTrouble("RCPT", reply{550, text}); w != theRecipients {
				t.Errorf("%s: the %s's", text, w)
			}
		}
	}
}
