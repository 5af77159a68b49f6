package bounce

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"golang.org/x/text/encoding/japanese"
)

var all = flag.Bool("bounce.all", false, "every form with every refusal, not a third of them")

const (
	sender = "b-k3jd8s7f6g5h4j3k2l1m0n9b8v7c6x5z@bounce.sender.example"
	sentID = "bulk1.7.email@sender.example"
)

// sample is a mail, and what it says.
type sample struct {
	name, class, recipient string
	mail                   []byte
	id                     bool // it tells the message
}

func fill(text, to, status, words string) []byte {
	text = strings.NewReplacer("SENDER", sender, "STATUS", status, "WORDS", strings.ReplaceAll(words, "TO", to), "TO", to, "<ID>", "<"+sentID+">").Replace(text)
	return []byte(strings.ReplaceAll(text, "\n", "\r\n"))
}

// samples are all servers' forms with all refusals in them, and mails of their own.
func samples(t testing.TB) []sample {
	t.Helper()
	forms, err := txtar.ParseFile("testdata/forms.txtar")
	if err != nil {
		t.Fatal(err)
	}
	refusals, err := os.ReadFile("testdata/refusals.txt")
	if err != nil {
		t.Fatal(err)
	}
	var found []sample
	row := 0
	for line := range strings.Lines(string(refusals)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		parts := strings.SplitN(line, " | ", 3)
		if len(parts) != 3 {
			t.Fatalf("want CLASS | STATUS | REPLY: %s", line)
		}
		row++
		for i, f := range forms.Files {
			if (row+i)%3 != 0 && !*all {
				continue
			}
			to := fmt.Sprintf("ada.%d@example.org", i)
			found = append(found, sample{f.Name + ": " + parts[2], parts[0], to, fill(string(f.Data), to, parts[1], parts[2]), strings.Contains(string(f.Data), "<ID>")})
		}
	}
	singles, err := txtar.ParseFile("testdata/singles.txtar")
	if err != nil {
		t.Fatal(err)
	}
	jis, err := japanese.ISO2022JP.NewEncoder().String("メールを配信できませんでした。\n\n<ada@example.org>:\nそのユーザーは存在しません\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range singles.Files {
		parts := strings.SplitN(f.Name, " ", 3)
		text := strings.ReplaceAll(string(f.Data), "JISTEXT", jis)
		found = append(found, sample{parts[2], parts[0], strings.Trim(parts[1], "-"), fill(text, "", "", ""), strings.Contains(text, "\nMessage-ID: <ID>") || strings.Contains(text, "In-Reply-To: <ID>")})
	}
	return found
}

// Every mail has its class, its recipient and its message; not one names a mailbox gone that is not.
func TestSamples(t *testing.T) {
	mails := samples(t)
	wrong := 0
	for _, s := range mails {
		got := Read(s.mail)
		r := got.Reports[0]
		if r.Class == Hard && s.class != string(Hard) || r.Class == Complaint && s.class != string(Complaint) || r.Class == Unsubscribe && s.class != string(Unsubscribe) {
			t.Errorf("%s: suppresses as %s, and is %s", s.name, r.Class, s.class)
		}
		if string(r.Class) != s.class || len(got.Reports) != 1 || s.recipient != "" && r.Recipient != s.recipient || s.id && got.MessageID != sentID && s.class != string(Nothing) {
			wrong++
			t.Errorf("%s: %s %q %s %q id %q (%d reports); want %s %q", s.name, r.Class, r.Recipient, r.Status, r.Words, got.MessageID, len(got.Reports), s.class, s.recipient)
		}
	}
	t.Logf("%d mails, %d wrong", len(mails), wrong)
	if len(mails) < 500 {
		t.Errorf("only %d mails", len(mails))
	}
}

// A report of several recipients tells each.
func TestSeveralRecipients(t *testing.T) {
	got := Read(fill(`From: MAILER-DAEMON@relay.example
To: SENDER
Subject: Returned mail
Content-Type: multipart/report; report-type=delivery-status; boundary=d

--d
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example

Final-Recipient: rfc822; ada@example.org
Action: failed
Status: 5.1.1

Final-Recipient: rfc822; bob@example.org
Action: failed
Status: 4.2.2

Final-Recipient: rfc822; eve@example.org
Action: delivered
Status: 2.0.0
--d--
`, "", "", ""))
	var told []string
	for _, r := range got.Reports {
		told = append(told, string(r.Class)+" "+r.Recipient)
	}
	if text := strings.Join(told, ", "); text != "hard ada@example.org, soft bob@example.org, delivered eve@example.org" {
		t.Error(text)
	}
	if got.Worst().Class != Hard {
		t.Errorf("worst is %s", got.Worst().Class)
	}
}

// A mail cut after any line is still read, and says nothing worse than the whole one.
func TestCutMails(t *testing.T) {
	for i, s := range samples(t) {
		if i%37 != 0 {
			continue
		}
		whole := weight[Read(s.mail).Worst().Class]
		for at := range s.mail {
			if s.mail[at] != '\n' {
				continue
			}
			if got := Read(s.mail[:at+1]).Worst(); weight[got.Class] > whole && (got.Class == Hard || got.Class == Complaint) {
				t.Errorf("%s cut at %d: %s", s.name, at, got.Class)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	for i, s := range samples(f) {
		if i%23 == 0 {
			f.Add(s.mail)
		}
	}
	f.Fuzz(func(t *testing.T, mail []byte) {
		r := Read(mail)
		if len(r.Reports) == 0 || len(r.Reports) > maxReported {
			t.Fatalf("%d reports", len(r.Reports))
		}
		for _, one := range r.Reports {
			if _, known := weight[one.Class]; !known || len(one.Words) > 1000 || len(one.Recipient) > 400 || strings.ContainsAny(one.Words+one.Recipient, "\r\n") {
				t.Fatalf("%+v", one)
			}
		}
	})
}
