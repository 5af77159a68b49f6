package phone

import (
	"slices"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ country, want, spellings string }{
		{"", "+447912345678", "+447912345678|+44 (0)7912 345678|00447912345678|+44 7912‑345–678|+447912345678\u200b|＋４４７９１２３４５６７８|" +
			"tel:+447912345678|TEL:+44-7912-345-678|\u202a+44 7912 345678\u202c|\u2068+447912345678\u2069|\ufeff+447912345678|+44\u00a07912\u00ad345678|" +
			"  +44.7912.345.678\t|(+44) 7912/345678|'+447912345678|+4407912345678|+٤٤٧٩١٢٣٤٥٦٧٨|＋44ー7912−345678|0044 (0) 7912 345678|sms:+447912345678|" +
			"\u202d+44 7912 345 678\u202c|+44\u20117912\u2010345\u2014678|+44 [7912] 345678|whatsapp:+447912345678"},
		{"GB", "+447912345678", "07912345678|(07912) 345678|07912 345 678|447912345678|00447912345678|+447912345678|０７９１２３４５６７８|tel:07912-345-678|7912345678"},
		{"US", "+14155550100", "+14155550100|4155550100|(415) 555-0100|tel:+14155550100|+1‐415‐555‐0100|+１４１５５５５０１００|whatsapp:+14155550100|1-415-555-0100|001 415 555 0100|011 1 415 555 0100|415.555.0100"},
		{"US", "+447912345678", "011 44 7912 345678|00447912345678|+44 (0)7912 345678"},
		{"AU", "+6421123456", "0011 64 21 123 456|+64 21 123 456|0064 21 123456"},
		{"JP", "+447912345678", "010 44 7912 345678|0044 7912 345678"},
		{"JP", "+819012345678", "０９０ー１２３４ー５６７８|090-1234-5678|+81 (0)90 1234 5678"},
		{"DE", "+4915112345678", "0151 12345678|+49 (0) 151 / 123 456 78|0049151 12345678|(0151) 12345678"},
		{"IT", "+390612345678", "06 1234 5678|+39 06 12345678|+39 (0)6 12345678"},
		{"ES", "+34912345678", "912 345 678|+34 (0)912 345 678|0034 912345678"},
		{"BR", "+5511961234567", "(11) 96123-4567|0 11 96123 4567|+55 11 96123-4567|0055 11 96123-4567"},
		{"", "+5491123456789", "+54 9 11 2345 6789|+54 11 15 2345 6789"},
		{"AR", "+5491123456789", "011 15-2345-6789|+54 9 11 2345-6789"},
	} {
		for spelling := range strings.SplitSeq(c.spellings, "|") {
			if got, err := Parse(spelling, c.country); got != c.want {
				t.Errorf("%q in %q: %q, %v; want %s", spelling, c.country, got, err, c.want)
			}
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, country, want string }{
		{"4.47912E+11", "GB", "a spreadsheet has rounded"},
		{"4,47912E+11", "GB", "a spreadsheet has rounded"},
		{"+4.47912e11", "", "a spreadsheet has rounded"},
		{"447912345678.0", "GB", "ends in .0"},
		{"+1 415 555 0100 ext 5", "US", "extension"},
		{"+1 415 555 0100 x5", "", "extension"},
		{"tel:+1-415-555-0100;ext=5", "", "extension"},
		{"(415) 555-0100 #5", "US", "extension"},
		{"07912 345678", "", "no country's code"},
		{"4155550100", "", "no country's code"},
		{"(079) 1234-5678", "", "no country's code"},
		{"+44 7912 3456789012", "", "not a phone number that can exist"},
		{"+44791234567891", "", "not a phone number that can exist"},
		{"+999 123456789", "", "not a phone number that can exist"},
		{"++447912345678", "", "holds '+'"},
		{"+447912345678+447912345679", "", "holds '+'"},
		{"+447912345678, +447912345679", "", "holds ','"},
		{"+1 800 FLOWERS", "", "holds letters"},
		{"Ada", "", "holds letters"},
		{"ada@example.com", "", "holds letters"},
		{"12", "GB", "not a phone number"},
		{"999", "GB", "not a phone number"},
		{" \u200b ", "", "empty"},
		{"+44\xff7912345678", "", "UTF-8"},
		{strings.Repeat("1", 1<<20), "", "are not a phone number"},
		{"07912345678", "XX", "not the ISO 3166 code"},
		{"07912345678", "gb", "two capital letters"},
	} {
		if got, err := Parse(c.text, c.country); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q in %q: %q, %v; want %q", c.text, c.country, got, err, c.want)
		} else if digits := compactDigits(c.text); len(digits) > 5 && strings.Contains(err.Error(), digits) {
			t.Errorf("%.40q: the error shows the number: %v", c.text, err)
		}
	}
}

func compactDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// Whatever the country and however its own numbers are written there or abroad, the number is one and no other.
func TestEveryCountry(t *testing.T) {
	t.Parallel()
	regions := slices.Collect(func(yield func(string) bool) {
		for region := range phonenumbers.GetSupportedRegions() {
			if !yield(region) {
				return
			}
		}
	})
	slices.Sort(regions)
	if len(regions) < 200 {
		t.Fatal(regions)
	}
	owner := map[string]string{}
	for _, region := range regions {
		for _, kind := range []phonenumbers.PhoneNumberType{phonenumbers.MOBILE, phonenumbers.FIXED_LINE} {
			n := phonenumbers.GetExampleNumberForType(region, kind)
			if n == nil {
				continue
			}
			want := phonenumbers.Format(n, phonenumbers.E164)
			international := phonenumbers.Format(n, phonenumbers.INTERNATIONAL)
			national := phonenumbers.Format(n, phonenumbers.NATIONAL)
			spellings := []string{
				want, international, phonenumbers.Format(n, phonenumbers.RFC3966), "00" + want[1:], "\u202a" + international + "\u202c",
				strings.ReplaceAll(international, " ", "\u2011"), strings.ReplaceAll(international, " ", "\u200b \u00ad"), fullWidth(international),
			}
			if region == "AR" && kind == phonenumbers.MOBILE {
				national = "011 15-2345-6789" // the library gives 09 for the city
			}
			for i, s := range append(spellings, national, fullWidth(national), "tel:"+national, "  "+national+"\u2069") {
				country := region
				if i < len(spellings) && i%2 == 0 {
					country = "" // one abroad needs none
				}
				if got, err := Parse(s, country); got != want {
					t.Errorf("%s: %q in %q: %q, %v; want %s", region, s, country, got, err, want)
				}
			}
			if err := Check(want); err != nil {
				t.Errorf("%s: %v", want, err)
			}
			owner[want] = region
		}
	}
	if len(owner) < 350 {
		t.Errorf("%d numbers", len(owner))
	}
}

func fullWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r - '!' + 0xff01
		}
		return r
	}, s)
}

func TestParseSender(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, country, want string }{
		{"+1 (555) 712-2661", "", "+15557122661"}, {"12345", "", "12345"}, {" 123456 ", "GB", "123456"}, {"Fernhill", "", "Fernhill"},
		{"Fernhill Inn", "", ""}, {"R&B 24", "", "R&B 24"}, {"07912 345678", "GB", "+447912345678"}, {"07912 345678", "", ""},
		{"4.47912E+11", "", ""}, {"", "", ""}, {"Ärzte", "", ""}, {"20 12 34 56", "DK", "+4520123456"}, {"+15550100", "", "+15550100"},
	} {
		if got, err := ParseSender(c.text, c.country); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q in %q: %q, %v; want %q", c.text, c.country, got, err, c.want)
		} else if again, err := ParseSender(got, ""); got != "" && (again != got || err != nil) {
			t.Errorf("%q does not stay itself: %q, %v", got, again, err)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for number, ok := range map[string]bool{"+447912345678": true, "+44 7912345678": false, "07912345678": false, "": false, "+4407912345678": false, "12345": false} {
		if err := Check(number); (err == nil) != ok {
			t.Errorf("%q: %v", number, err)
		}
	}
}

// A number that was read is the same to whoever reads it next, whatever their country.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"+44 (0)7912 345678", "0044", "tel:+14155550100", "4.47912E+11", "＋４４７９１２３４５６７８", "+54 11 15 2345 6789", "0011 64 21 123 456", "+39 (0)6 12345678"} {
		for _, country := range []string{"", "GB", "US", "IT", "BR", "AU", "JP", "DE", "AR", "MX", "KR"} {
			f.Add(s, country)
		}
	}
	f.Fuzz(func(t *testing.T, s, country string) {
		number, err := Parse(s, country)
		if err != nil {
			if number != "" || len(err.Error()) > 600 {
				t.Fatalf("%q beside %v", number, err)
			}
			return
		}
		if number[0] != '+' || len(number) > 16 || strings.Trim(number[1:], "0123456789") != "" {
			t.Fatalf("%q is not E.164", number)
		}
		for _, other := range []string{"", country, "US", "AR", "JP"} {
			if again, err := Parse(number, other); again != number || err != nil {
				t.Fatalf("%q does not stay itself in %q: %q, %v", number, other, again, err)
			}
		}
		for _, spelling := range []string{"\u202a" + number + "\u202c", "tel:" + number, " " + number[:4] + "\u2011" + number[4:] + "\u200b", fullWidth(number), "00" + number[1:]} {
			if again, err := Parse(spelling, ""); again != number || err != nil {
				t.Fatalf("%q: %q, %v; want %q", spelling, again, err, number)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, c := range []struct{ name, text, country string }{{"E164", "+447912345678", ""}, {"national", "07912 345678", "GB"}, {"wide", "＋４４ ７９１２ ３４５６７８", ""}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(c.text, c.country); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
