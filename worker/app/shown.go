package app

import (
	"fmt"
	"reflect"
)

// Shown are the settings that differ from nothing, by their environment variables, for people who help: of one that may
// hold a secret only that it is set.
func (s *Settings) Shown() map[string]string {
	out := map[string]string{}
	values := reflect.ValueOf(s).Elem()
	for field := range values.Type().Fields() {
		value := values.FieldByIndex(field.Index)
		if field.Tag.Get("group") != "settings" || value.IsZero() {
			continue
		}
		text := fmt.Sprint(value.Interface())
		if field.Tag.Get("secret") != "" {
			text = "set"
		}
		out[EnvName(FlagName(field))] = text
	}
	return out
}
