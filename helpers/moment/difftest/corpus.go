package main

import (
	"fmt"
	"path/filepath"

	"github.com/heraldsend/herald/helpers/moment"
	"github.com/heraldsend/herald/helpers/moment/momenttest"
	"github.com/heraldsend/herald/helpers/oracle"
)

// writeCorpus stores Moment's answers to the cases of momenttest: product.zst holds every locale × format × instant,
// random.zst the random formats.
func writeCorpus(o *oracle.Oracle, dir string) error {
	var answers []string
	for _, locale := range momenttest.Locales {
		var texts []string
		request := formatsRequest{"formats", locale, momenttest.Formats(), pairs(momenttest.Instants())}
		if err := o.Ask(request, &texts); err != nil {
			return err
		}
		answers = append(answers, texts...)
	}
	if err := oracle.WriteAnswers(filepath.Join(dir, "product.zst"), answers); err != nil {
		return err
	}
	fmt.Printf("%d locales × %d formats × %d instants = %d answers\n", len(momenttest.Locales), len(momenttest.Formats()),
		len(momenttest.Instants()), len(answers))
	r := momenttest.NewRandom(momenttest.RandomSeed)
	answers = nil
	for len(answers) < momenttest.RandomCount {
		texts, err := askCases(o, momenttest.RandomCases(r, 5000))
		if err != nil {
			return err
		}
		answers = append(answers, texts...)
	}
	fmt.Printf("%d random formats\n", len(answers))
	if err := oracle.WriteAnswers(filepath.Join(dir, "random.zst"), answers); err != nil {
		return err
	}
	if err := writeZones(o, filepath.Join(dir, "zones.zst")); err != nil {
		return err
	}
	return writeInputs(o, filepath.Join(dir, "inputs.zst"))
}

// writeZones stores for every zone its name, its changes, and the answers at momenttest.ZoneInstants.
func writeZones(o *oracle.Oracle, file string) error {
	var answers []string
	count := 0
	for _, name := range moment.ZoneNames() {
		changes, instants, want, err := askZone(o, name)
		if err != nil {
			return err
		}
		count += len(instants)
		answers = append(answers, name, fmt.Sprint(changes), fmt.Sprint(want))
	}
	fmt.Printf("%d points of %d zones\n", count, len(answers)/3)
	return oracle.WriteAnswers(file, answers)
}

func writeInputs(o *oracle.Oracle, file string) error {
	inputs := momenttest.RandomInputs(momenttest.RandomSeed, momenttest.InputCount)
	var want []*int64
	if err := o.Ask(parseRequest{"parse", inputs}, &want); err != nil {
		return err
	}
	var answers []string
	dates := 0
	for _, at := range want {
		answers = append(answers, momentAnswer(at))
		if at != nil {
			dates++
		}
	}
	fmt.Printf("%d inputs, %d of them dates\n", len(inputs), dates)
	return oracle.WriteAnswers(file, answers)
}
