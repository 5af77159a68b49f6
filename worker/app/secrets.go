package app

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// fileSuffix ends the environment variable that names a file with a secret setting: HERALD_REDIS_URL_FILE.
const fileSuffix = "_FILE"

// maxSecretFile bounds a file with a secret setting, in bytes.
const maxSecretFile = 1 << 20

// secretFiles are the files that settings were read from, by flag, and what was wrong with them.
type secretFiles struct {
	paths  map[string]string
	faults []error // each begins with the name of its setting
}

// ReadSecretFiles reads every secret setting for which the environment names a file. What is wrong, Check tells: a file
// that can't be read, and a setting that is given by a file and in another way too. A line break at the end is no part of
// the setting.
func (s *Settings) ReadSecretFiles(getenv func(string) string) {
	s.files = secretFiles{paths: map[string]string{}}
	values := reflect.ValueOf(s).Elem()
	for _, field := range secretFields() {
		setting := EnvName(FlagName(field))
		path := getenv(setting + fileSuffix)
		if path == "" {
			continue
		}
		value := values.FieldByIndex(field.Index)
		text, err := readSecretFile(path)
		if value.String() != field.Tag.Get("default") {
			err = errors.New("both it and the file are set: keep one")
		}
		if err != nil {
			s.files.faults = append(s.files.faults, fmt.Errorf("%s%s: %w", setting, fileSuffix, err))
			continue
		}
		value.SetString(text)
		s.files.paths[FlagName(field)] = path
	}
}

// readSecretFile reads a setting from a file. Its error shows nothing of it.
func readSecretFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > maxSecretFile {
		err = fmt.Errorf("the file is larger than %d bytes", maxSecretFile)
	}
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile(path)
	return strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r"), err
}

// CheckArgs refuses a secret on the command line: everyone on the machine can read it there.
func (s *Settings) CheckArgs(args []string) error {
	values := reflect.ValueOf(s).Elem()
	for _, field := range secretFields() {
		flag := "--" + FlagName(field)
		given := slices.ContainsFunc(args, func(arg string) bool { return arg == flag || strings.HasPrefix(arg, flag+"=") })
		if given && isSecret(field.Tag.Get("secret"), values.FieldByIndex(field.Index).String()) {
			setting := EnvName(FlagName(field))
			return fmt.Errorf("%s: everyone on this machine can read a secret on the command line: set %s, or name a file in %s%s", flag, setting, setting, fileSuffix)
		}
	}
	return nil
}

// isSecret reports whether a setting of a kind holds a secret: a key always, an address if it has a password, the hash of
// a token never.
func isSecret(kind, value string) bool {
	switch kind {
	case "url":
		for one := range strings.FieldsSeq(value) {
			u, err := url.Parse(one)
			if err != nil {
				return true
			}
			if _, has := u.User.Password(); has {
				return true
			}
		}
		return false
	case "hash":
		return false
	default:
		return value != ""
	}
}

// secretFields are the fields of Settings that may hold a secret; the tag says of what kind.
func secretFields() []reflect.StructField {
	var fields []reflect.StructField
	for field := range reflect.TypeFor[Settings]().Fields() {
		if field.Tag.Get("secret") != "" {
			fields = append(fields, field)
		}
	}
	return fields
}

var hump = regexp.MustCompile(`([a-z])([A-Z])`)

// FlagName is the flag of a field of Settings.
func FlagName(field reflect.StructField) string {
	if name := field.Tag.Get("name"); name != "" {
		return name
	}
	return strings.ToLower(hump.ReplaceAllString(field.Name, "$1-$2"))
}
