package app

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/heraldsend/herald/worker/address"
	"github.com/heraldsend/herald/worker/channel/email"
)

// dns examines what the servers of recipients examine: the key of DKIM (RFC 6376), SPF (RFC 7208), DMARC (RFC 7489).
func (d *doctor) dns(ctx context.Context) {
	if d.s.DKIMKey+d.s.DKIMKeys != "" && !d.broken[EnvName("dkim-key")] {
		d.dkim(ctx)
	}
	var domains []string
	if a, err := address.ParseMailbox(d.From); err == nil {
		domains = append(domains, a.Addr[strings.LastIndexByte(a.Addr, '@')+1:])
	}
	if d.s.DKIMDomain != "" && (len(domains) == 0 || !strings.EqualFold(domains[0], d.s.DKIMDomain)) {
		domains = append(domains, d.s.DKIMDomain)
	}
	if len(domains) == 0 {
		d.add("dns", Unknown, "", "give the address that your mails come from by --from", "SPF and DMARC: no domain is known")
	}
	for _, domain := range domains {
		d.spf(ctx, domain)
		d.dmarc(ctx, domain)
	}
}

func (d *doctor) dkim(ctx context.Context) {
	keys, err := d.s.dkim(nil)
	if err != nil {
		setting := "dkim-key"
		if strings.HasPrefix(err.Error(), EnvName("dkim-keys")) {
			setting = "dkim-keys"
		}
		d.add("dns", Problem, setting, "point it to private keys in PEM, RSA of 2,048 bits or Ed25519", "%s", strings.TrimPrefix(err.Error(), EnvName(setting)+": "))
		return
	}
	for _, key := range keys.All() {
		d.record(ctx, key)
	}
	if a, err := address.ParseMailbox(d.From); err == nil && len(keys.For(a.Domain())) == 0 {
		d.add("dns", Warning, "dkim-keys", "put one into "+a.Domain()+"/SELECTOR.pem", "DKIM: there is no key for %s, whose mails are not signed", a.Domain())
	}
}

// record looks at the record of one key.
func (d *doctor) record(ctx context.Context, key *email.DKIM) {
	name := key.Selector + "._domainkey." + key.Domain
	var asked error
	err := key.CheckRecord(func(name string) ([]string, error) {
		var found []string
		found, asked = d.Resolver.LookupTXT(ctx, name)
		return found, asked
	})
	switch {
	case err == nil:
		d.add("dns", OK, "dkim-key", "", "DKIM: %s holds the key", name)
	case asked != nil && !notFound(asked):
		d.add("dns", Unknown, "dkim-key", "", "DKIM: the DNS can't be asked from here for %s", name)
	case asked != nil:
		d.add("dns", Problem, "dkim-selector", "publish the key's public half there", "DKIM: there is no TXT record %s, so that every signature fails", name)
	default:
		d.add("dns", Problem, "dkim-key", "publish the public half of this key there, or use the key whose half is there", "DKIM: the record %s does not fit the key: %v", name, err)
	}
}

// records are the TXT records of a name that begin so. ok is false where the DNS could not be asked.
func (d *doctor) records(ctx context.Context, name, prefix string) (found []string, ok bool) {
	all, err := d.Resolver.LookupTXT(ctx, name)
	if err != nil && !notFound(err) {
		return nil, false
	}
	for _, text := range all {
		if strings.HasPrefix(strings.ToLower(text), prefix) {
			found = append(found, text)
		}
	}
	return found, true
}

func (d *doctor) spf(ctx context.Context, domain string) {
	found, ok := d.records(ctx, domain, "v=spf1")
	switch {
	case !ok:
		d.add("dns", Unknown, "", "", "SPF: the DNS can't be asked from here for %s", domain)
	case len(found) == 0:
		d.add("dns", Warning, "", "publish one that names your mail server", "SPF: %s has no record; large providers refuse bulk mail of such domains", domain)
	case len(found) > 1:
		d.add("dns", Problem, "", "join them into one", "SPF: %s has %d records, so that each is void", domain, len(found))
	default:
		d.add("dns", OK, "", "", "SPF: %s has a record", domain)
	}
}

// dmarc looks at the domain, then at the organization's.
func (d *doctor) dmarc(ctx context.Context, domain string) {
	names := []string{domain}
	if above, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil && above != domain {
		names = append(names, above)
	}
	for _, name := range names {
		found, ok := d.records(ctx, "_dmarc."+name, "v=dmarc1")
		switch {
		case !ok:
			d.add("dns", Unknown, "", "", "DMARC: the DNS can't be asked from here for _dmarc.%s", name)
			return
		case len(found) == 1:
			d.add("dns", OK, "", "", "DMARC: _dmarc.%s has a record", name)
			return
		case len(found) > 1:
			d.add("dns", Problem, "", "keep one", "DMARC: _dmarc.%s has %d records, so that each is void", name, len(found))
			return
		}
	}
	d.add("dns", Warning, "", fmt.Sprintf("publish _dmarc.%s, such as \"v=DMARC1; p=none\"", domain), "DMARC: %s has no record; large providers refuse bulk mail of such domains", domain)
}
