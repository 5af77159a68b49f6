package email

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/heraldsend/herald/worker/channel/catcher"
)

// dkimKeys are an Ed25519 and an RSA key, each with its DNS record.
func dkimKeys(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]crypto.Signer{"ed25519": ed, "rsa": rsaKey}
}

func dkimRecord(t *testing.T, kind string, key crypto.Signer) string {
	t.Helper()
	public, ok := key.Public().(ed25519.PublicKey)
	der := []byte(public)
	if !ok {
		var err error
		if der, err = x509.MarshalPKIXPublicKey(key.Public()); err != nil {
			t.Fatal(err)
		}
	}
	return "v=DKIM1; k=" + kind + "; p=" + base64.StdEncoding.EncodeToString(der)
}

// dkimFault verifies a mail's one signature by an independent verifier.
func dkimFault(t *testing.T, raw []byte, record string) error {
	t.Helper()
	list, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
		if name != "herald._domainkey.example.com" {
			t.Errorf("looked up %q", name)
		}
		return []string{record}, nil
	}})
	if err != nil || len(list) != 1 || list[0].Domain != "example.com" {
		t.Fatalf("%d signatures, %v", len(list), err)
	}
	return list[0].Err
}

func TestDKIM(t *testing.T) {
	for kind, key := range dkimKeys(t) {
		record := dkimRecord(t, kind, key)
		for wire := range capsOf {
			if wire == "chunking" {
				wire = "auto"
			}
			c := startCatcher(t, catcher.Options{})
			s := newSender(t, Options{URL: c.URL() + "&wire=" + wire, DKIM: &Keyring{Any: &DKIM{"example.com", "herald", key}}})
			for name, m := range messages(t) {
				if _, err := s.Send(context.Background(), m); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				mails := c.Messages()
				raw := mails[len(mails)-1].Raw
				checkWire(t, raw, true)
				if err := dkimFault(t, raw, record); err != nil {
					t.Errorf("%s %s %s: %v", kind, wire, name, err)
				}
				if forged := bytes.Replace(raw, []byte("From: "), []byte("Cc: evil@example.net\r\nFrom: "), 1); name != "many recipients" && dkimFault(t, forged, record) == nil {
					t.Errorf("%s %s %s: an added Cc passes", kind, wire, name)
				}
			}
		}
	}
}

func TestDKIMOptions(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	good := dkimKeys(t)["ed25519"]
	for _, d := range []DKIM{{}, {"example.com", "", good}, {"", "herald", good}, {"example.com", "herald", nil}, {"example.com", "herald", weak}} {
		if _, err := New(Options{URL: "smtp://mail.example.com", DKIM: &Keyring{Any: &d}}); err == nil {
			t.Errorf("%+v: accepted", d)
		}
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(good)
	if err != nil {
		t.Fatal(err)
	}
	for kind, der := range map[string][]byte{"PRIVATE KEY": pkcs8, "RSA PRIVATE KEY": x509.MarshalPKCS1PrivateKey(weak)} {
		if key, err := ParseDKIMKey(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})); err != nil || key == nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	for _, text := range []string{"", "c4nary", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("c4nary")}))} {
		if _, err := ParseDKIMKey([]byte(text)); err == nil || strings.Contains(err.Error(), "c4nary") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
