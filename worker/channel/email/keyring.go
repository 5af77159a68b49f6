package email

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/heraldsend/herald/worker/address"
)

// Keyring holds DKIM keys by the domain that they sign for.
type Keyring struct {
	domains map[string][]*DKIM
	// Any signs mails of senders whose domain has no key; nil: they are not signed.
	Any *DKIM
	// Unsigned, where set, is told the domain of a sender without a key, once each.
	Unsigned func(domain string)
	told     sync.Map
}

// ReadKeyring reads a folder of private keys in PEM, DOMAIN/SELECTOR.pem. A domain's keys all sign: an RSA key for every
// server, an Ed25519 key for those that know it (RFC 8463). The errors name the file and don't show the key.
func ReadKeyring(folder fs.FS) (*Keyring, error) {
	k := &Keyring{domains: map[string][]*DKIM{}}
	files, err := fs.Glob(folder, "*/*.pem")
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, errors.New("there is no DKIM key in the folder: want DOMAIN/SELECTOR.pem")
	}
	for _, file := range files {
		text, err := fs.ReadFile(folder, file)
		if err != nil {
			return nil, err
		}
		key, err := ParseDKIMKey(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		domain, err := address.ParseDomain(path.Dir(file))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		d := &DKIM{Domain: domain, Selector: strings.TrimSuffix(path.Base(file), ".pem"), Key: key}
		if err := d.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		k.domains[domain] = append(k.domains[domain], d)
	}
	return k, nil
}

// All lists the keys, those of a domain side by side.
func (k *Keyring) All() []*DKIM {
	var all []*DKIM
	if k == nil {
		return nil
	}
	for _, keys := range k.domains {
		all = append(all, keys...)
	}
	slices.SortFunc(all, func(a, b *DKIM) int { return strings.Compare(a.Domain+"/"+a.Selector, b.Domain+"/"+b.Selector) })
	if k.Any != nil {
		all = append(all, k.Any)
	}
	return all
}

// For lists the keys that sign mails from a domain: its own, else those of the nearest domain above, which DMARC takes as
// well (RFC 7489 section 3.1.1), else Any.
func (k *Keyring) For(domain string) []*DKIM {
	if k == nil {
		return nil
	}
	for above, found := strings.ToLower(domain), true; found; _, above, found = strings.Cut(above, ".") {
		if keys := k.domains[above]; keys != nil {
			return keys
		}
	}
	if k.Any != nil {
		return []*DKIM{k.Any}
	}
	if k.Unsigned != nil {
		if _, known := k.told.LoadOrStore(strings.ToLower(domain), true); !known {
			k.Unsigned(domain)
		}
	}
	return nil
}

// sign puts the signatures for the sender's domain above a mail.
func (k *Keyring) sign(m *mail, from string, kept []string) error {
	for _, d := range k.For(from) {
		if err := d.sign(m, kept); err != nil {
			return err
		}
	}
	return nil
}
