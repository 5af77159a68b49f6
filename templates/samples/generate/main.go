// Command generate writes the sample audience and the attachment of the demo.
// Run it in templates/samples: go run ./generate
package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"
)

const rows = 1000

var header = []string{
	"customer.email", "customer.firstName", "customer.lastName", "locale",
	"customer.custom.userBillingTierStr", "customer.custom.reservationDateAt", "customer.custom.cabinStr",
	"customer.custom.orderNumberStr", "customer.custom.parcelsNum", "customer.custom.breakfastBool", "attachments",
}

// people are first and last names as they are usual where a locale is spoken.
var people = map[string][2]string{
	"en":    {"Emma Liam Olivia Noah Ava Ethan Mia Lucas Grace Henry Zoe Caleb", "Carter Bennett Brooks Foster Hayes Reed Sullivan Turner Wells Young"},
	"en-gb": {"Poppy Oscar Freya Alfie Isla Harry Imogen Rupert Nancy Angus", "Ashworth Barlow Cartwright Fletcher Holloway Marlow O'Neill Pemberton Whitby Thwaite"},
	"fr":    {"Camille Hugo Chloé Louis Élodie Théo Manon Gaël Anaïs Étienne", "Bernard Dubois Lefèvre Moreau Girard Rousseau Fournier Mercier Garnier Besançon"},
	"de":    {"Hannah Jonas Lena Felix Sophie Jürgen Greta Moritz Käthe Björn", "Müller Schäfer Weiß Hoffmann Köhler Krüger Vogel Brandt Großmann Lindner"},
	"ja":    {"葵 蓮 陽菜 湊 結衣 大和 凛 悠真 さくら 健太", "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤"},
}

var (
	locales = []string{"en", "en", "en", "en-gb", "en-gb", "fr", "fr", "de", "de", "ja"}
	tiers   = []string{"Basic", "Basic", "Silver", "Silver", "Gold", "Diamond"}
	cabins  = []string{"Heron Cabin", "Otter Cabin", "Fox Lodge", "Badger Lodge", "Kingfisher Hut", "Owl House"}
	domains = []string{"example.com", "example.org", "example.net"}
)

func main() {
	log.SetFlags(0)
	if err := os.WriteFile("audience.csv", audience(), 0o644); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("../attachments/welcome-guide.pdf", guide(), 0o644); err != nil {
		log.Fatal(err)
	}
}

// audience is the same at every run.
func audience() []byte {
	random := rand.New(rand.NewPCG(2019, 118))
	pick := func(list []string) string { return list[random.IntN(len(list))] }
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	write := func(row []string) {
		if err := w.Write(row); err != nil {
			log.Fatal(err)
		}
	}
	write(header)
	start := time.Date(2019, 1, 18, 0, 0, 0, 0, time.UTC)
	for n := range rows {
		locale := pick(locales)
		names := people[locale]
		first, last := pick(strings.Fields(names[0])), pick(strings.Fields(names[1]))
		row := []string{
			fmt.Sprintf("guest%04d@%s", n+1, pick(domains)), first, last, locale, pick(tiers),
			start.Add(time.Duration(random.IntN(330*24)) * time.Hour).Format(time.RFC3339), pick(cabins),
			fmt.Sprintf("A-%d", 10027+n), strconv.Itoa(random.IntN(4)), strconv.FormatBool(random.IntN(2) == 0), "",
		}
		switch n {
		case 0: // the first guest shows the documented examples
			row = []string{"ada.lovelace@example.com", "Ada", "Lovelace", "en", "Diamond", "2019-01-18T00:00:00Z", "Heron Cabin", "A-10027", "2", "true", ""}
		case 1:
			row = []string{"grace.hopper@example.org", "Grace", "Hopper", "en-gb", "Gold", "2019-01-18T00:00:00Z", "Otter Cabin", "A-10028", "0", "false", ""}
		case 417: // bad on purpose: no address
			row[0] = "guest0418(at)example.com"
		case 732: // bad on purpose: the demo makes this file larger than a file may be
			row[len(row)-1] = "catalogue.pdf"
		}
		write(row)
	}
	w.Flush()
	return out.Bytes()
}

// guide is a PDF of one page.
func guide() []byte {
	lines := []string{
		"Welcome to Fernhill", "",
		"Finding us: leave the valley road at the stone bridge, then follow the fern signs for two miles.",
		"Keys: scan your key card at the blue door. It works from 3 pm on the day you arrive.",
		"Stove: open the lower vent, light two logs, close the vent by half when they burn.",
		"Paths: the lake path (40 minutes) begins behind the sauna; the ridge path (3 hours) at the gate.",
		"Desk: every day from 8 am to 8 pm, +1 555 0100.",
	}
	var page strings.Builder
	page.WriteString("BT /F1 20 Tf 56 760 Td 28 TL\n")
	for i, line := range lines {
		if i == 1 {
			page.WriteString("/F1 11 Tf 20 TL\n")
		}
		fmt.Fprintf(&page, "(%s) Tj T*\n", strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(line))
	}
	page.WriteString("ET")
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", page.Len(), page.String()),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
		"<< /Title (Welcome to Fernhill) >>",
	}
	var out bytes.Buffer
	out.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	offsets := make([]int, len(objects))
	for i, object := range objects {
		offsets[i] = out.Len()
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	xref := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, offset := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, len(objects), xref)
	return out.Bytes()
}
