package email

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/emersion/go-msgauth/dkim"
)

// DKIM signs mail for one domain (RFC 6376). The key is RSA of at least 2,048 bits or Ed25519; its public half stands in
// DNS under SELECTOR._domainkey.DOMAIN. Signing hashes the whole mail, each recipient's anew.
type DKIM struct {
	Domain   string
	Selector string
	Key      crypto.Signer
}

// ParseDKIMKey reads a private key in PEM, PKCS #8 or PKCS #1. Its error doesn't show the key.
func ParseDKIMKey(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("the DKIM key is not PEM")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the DKIM key is neither PKCS #8 nor PKCS #1")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("the DKIM key can't sign")
	}
	return signer, nil
}

func (d *DKIM) check() error {
	if d.Domain == "" || d.Selector == "" || d.Key == nil {
		return errors.New("email: DKIM needs a domain, a selector and a key")
	}
	switch key := d.Key.Public().(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 {
			return fmt.Errorf("email: the DKIM key has %d bits, 2,048 are needed", key.N.BitLen())
		}
	case ed25519.PublicKey:
	default:
		return errors.New("email: the DKIM key must be RSA or Ed25519")
	}
	return nil
}

// CheckRecord signs a mail and verifies it by the key in DNS, as recipients' servers do: nil where that holds. lookup gives
// the TXT records of a name.
func (d *DKIM) CheckRecord(lookup func(name string) ([]string, error)) error {
	if err := d.check(); err != nil {
		return err
	}
	m := &mail{segments: []segment{{data: []byte("From: <test@" + d.Domain + ">\r\nSubject: test\r\n\r\ntest\r\n")}}}
	if err := d.sign(m, nil); err != nil {
		return err
	}
	var raw bytes.Buffer
	for _, s := range m.segments {
		_, _ = raw.Write(s.data)
	}
	results, err := dkim.VerifyWithOptions(&raw, &dkim.VerifyOptions{LookupTXT: lookup})
	if err != nil {
		return err
	}
	if len(results) != 1 {
		return errors.New("the signature is not found")
	}
	return results[0].Err
}

// signed are the fields under the signature. Each is signed once more than a mail has it (RFC 6376 section 8.15), so that
// nobody can add one: clients show the first, the signature counts from the last.
var signed = []string{
	"From", "To", "Cc", "Reply-To", "Subject", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
	"In-Reply-To", "References", "Auto-Submitted", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post",
}

// replaced are fields that some relays write anew, Amazon SES for one: they are signed where the account's URL says that
// it keeps them.
var replaced = []string{"Date", "Message-ID"}

// sign puts a DKIM-Signature above the mail. kept are those of the replaced fields that stay as they are.
func (d *DKIM) sign(m *mail, kept []string) error {
	once := slices.Concat(signed, kept)
	s, err := dkim.NewSigner(&dkim.SignOptions{
		Domain: d.Domain, Selector: d.Selector, Signer: d.Key, HeaderKeys: slices.Concat(once, once),
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	})
	if err != nil {
		return fmt.Errorf("sign by DKIM: %w", err)
	}
	for _, part := range m.segments {
		if _, err = s.Write(part.data); err != nil {
			break
		}
	}
	if closing := s.Close(); err != nil || closing != nil {
		return fmt.Errorf("sign by DKIM: %w", errors.Join(err, closing))
	}
	header := []byte(s.Signature())
	m.segments = append([]segment{{data: header}}, m.segments...)
	m.size += int64(len(header))
	return nil
}
