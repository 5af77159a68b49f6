package email

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/channel/catcher"
	"github.com/heraldsend/herald/worker/message"
)

func pemOf(t *testing.T, key crypto.Signer) *fstest.MapFile {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return &fstest.MapFile{Data: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})}
}

func TestKeyring(t *testing.T) {
	keys := dkimKeys(t)
	k, err := ReadKeyring(fstest.MapFS{
		"acme.example/rsa1.pem": pemOf(t, keys["rsa"]), "acme.example/ed1.pem": pemOf(t, keys["ed25519"]),
		"news.acme.example/s.pem": pemOf(t, keys["ed25519"]), "Bücher.example/s.pem": pemOf(t, keys["ed25519"]),
		"README": {Data: []byte("how to rotate")}, "acme.example/note.txt": {Data: []byte("x")},
	})
	if err != nil {
		t.Fatal(err)
	}
	var unsigned []string
	k.Unsigned = func(domain string) { unsigned = append(unsigned, domain) }
	for from, want := range map[string]string{
		"acme.example": "acme.example/ed1 acme.example/rsa1", "ACME.example": "acme.example/ed1 acme.example/rsa1", "mail.acme.example": "acme.example/ed1 acme.example/rsa1",
		"news.acme.example": "news.acme.example/s", "x.news.acme.example": "news.acme.example/s", "notacme.example": "", "example": "", "xn--bcher-kva.example": "xn--bcher-kva.example/s",
	} {
		for range 2 {
			var got []string
			for _, d := range k.For(from) {
				got = append(got, d.Domain+"/"+d.Selector)
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%s: %q, want %s", from, got, want)
			}
		}
	}
	if len(unsigned) != 2 {
		t.Errorf("told of %q, want each once", unsigned)
	}
	if k.Any = (&DKIM{"relay.example", "s", keys["rsa"]}); k.For("other.example")[0].Domain != "relay.example" || len(k.All()) != 5 {
		t.Errorf("any: %v", k.For("other.example"))
	}
	for name, folder := range map[string]fstest.MapFS{
		"nothing":     {"x.pem": {Data: []byte("x")}},
		"no key":      {"acme.example/s.pem": {Data: []byte("c4nary")}},
		"no domain":   {"-/s.pem": pemOf(t, keys["ed25519"])},
		"no selector": {"acme.example/.pem": pemOf(t, keys["ed25519"])},
	} {
		if _, err := ReadKeyring(folder); err == nil || strings.Contains(err.Error(), "c4nary") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// verdicts are what an independent verifier says of each signature of a mail.
func verdicts(t *testing.T, raw []byte, records map[string]string) (out []error) {
	t.Helper()
	list, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) { return []string{records[name]}, nil }})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range list {
		out = append(out, v.Err)
	}
	return out
}

// Both keys sign every form of mail. Whatever field is put before a signed mail a second time, both signatures fail; what a
// relay writes anew breaks neither, unless the account says that it keeps it.
func TestNothingIsAddedToASignedMail(t *testing.T) {
	keys := dkimKeys(t)
	records := map[string]string{"r._domainkey.example.com": dkimRecord(t, "rsa", keys["rsa"]), "e._domainkey.example.com": dkimRecord(t, "ed25519", keys["ed25519"])}
	ring, err := ReadKeyring(fstest.MapFS{"example.com/r.pem": pemOf(t, keys["rsa"]), "example.com/e.pem": pemOf(t, keys["ed25519"])})
	if err != nil {
		t.Fatal(err)
	}
	folder, wants := t.TempDir(), map[string]string{}
	for _, keeps := range []bool{false, true} {
		c := startCatcher(t, catcher.Options{})
		url := c.URL()
		if keeps {
			url += "&keeps=date,message-id"
		}
		s := newSender(t, Options{URL: url, DKIM: ring})
		for name, m := range messages(t) {
			if _, err := s.Send(context.Background(), m); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			mails := c.Messages()
			raw := mails[len(mails)-1].Raw
			checkWire(t, raw, true)
			fails := func(what string, mail []byte, want bool) {
				t.Helper()
				file := fmt.Sprintf("%04d.eml", len(wants))
				wants[file] = map[bool]string{false: "pass", true: "fail"}[want]
				if err := os.WriteFile(filepath.Join(folder, file), mail, 0o600); err != nil {
					t.Fatal(err)
				}
				got := verdicts(t, mail, records)
				if len(got) != 2 || (got[0] != nil) != want || (got[1] != nil) != want {
					t.Errorf("%s, keeps %v, %s: verdicts %v", name, keeps, what, got)
				}
			}
			fails("as it is", raw, false)
			for _, field := range []string{
				"From: evil@example.net", "Subject: pay here", "To: other@example.com", "Cc: evil@example.net", "Reply-To: evil@example.net",
				"MIME-Version: 1.0", "Content-Type: text/html", "Content-Transfer-Encoding: 7bit", "References: <x@example.net>", "In-Reply-To: <x@example.net>",
				"List-Unsubscribe: <https://evil.example>", "List-Id: <x.example.net>", "Auto-Submitted: no",
			} {
				fails("and "+field, append([]byte(field+"\r\n"), raw...), true)
			}
			for _, field := range []string{"Date: Mon, 02 Jan 2006 15:04:05 +0000", "Message-ID: <x@example.net>"} {
				fails("and "+field, append([]byte(field+"\r\n"), raw...), keeps)
				key, _, _ := strings.Cut(field, ":")
				at := bytes.Index(raw, []byte(key+": "))
				end := at + bytes.Index(raw[at:], []byte("\r\n"))
				fails("a new "+key, bytes.Join([][]byte{raw[:at], []byte(field), raw[end:]}, nil), keeps)
			}
		}
	}
	checkMailDKIM(t, folder, records, wants)
	// A sender of another domain is not signed for.
	c := startCatcher(t, catcher.Options{})
	s := newSender(t, Options{URL: c.URL(), DKIM: ring})
	other := address.Address{Addr: "help@other.example"}
	if _, err := s.Send(context.Background(), &message.Message{ID: "x", Channel: message.Email, From: other, To: []address.Address{{Addr: "a@example.com"}}, Subject: "x", Text: "x"}); err != nil {
		t.Fatal(err)
	}
	if raw := c.Messages()[0].Raw; bytes.Contains(raw, []byte("DKIM-Signature")) {
		t.Errorf("signed:\n%s", raw)
	}
}

// checkMailDKIM verifies the mails of a folder by Mail::DKIM, which shares nothing with what signs.
func checkMailDKIM(t *testing.T, folder string, records, wants map[string]string) {
	t.Helper()
	var lines strings.Builder
	for name, record := range records {
		fmt.Fprintf(&lines, "%s\t%s\n", name, record)
	}
	if err := os.WriteFile(filepath.Join(folder, "records"), []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("perl", "testdata/dkim.pl", folder).CombinedOutput()
	if err != nil {
		t.Fatalf("perl with Mail::DKIM (make deps installs it): %v\n%s", err, out)
	}
	told := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(told) != len(wants) {
		t.Errorf("%d of %d mails were verified:\n%s", len(told), len(wants), out)
	}
	for _, line := range told {
		file, got, _ := strings.Cut(line, " ")
		if got != wants[file] {
			mail, _ := os.ReadFile(filepath.Join(folder, file))
			t.Errorf("Mail::DKIM says %s, want %s\n%.1500s", got, wants[file], mail)
		}
	}
}
