package config

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/viper"
	"go.yaml.in/yaml/v3"
)

const (
	envPrefix  = "IDENTITY_"
	testPrefix = "IDENTITY_TEST_" // belongs to the tests of this program
)

// Env is the environment variable of a key.
func Env(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// Default returns the configuration of an installation without file and environment.
func Default() Config {
	c, err := Load("", nil)
	if err != nil {
		panic("config: the defaults are not valid: " + err.Error()) // a test loads them
	}
	return c
}

// Load reads the file at path (none when empty) and the environment in the form of os.Environ, which wins over
// the file. The error joins every problem: keys that are not known, values that cannot be read, and choices
// that do not go together, one line each and without any value that may be secret.
func Load(path string, environ []string) (Config, error) {
	v := viper.New()
	var problems []error
	for _, s := range settings {
		var value any
		if err := yaml.Unmarshal([]byte(s.Default), &value); err != nil {
			problems = append(problems, fmt.Errorf("default of %s: %w", s.Key, err))
		}
		v.SetDefault(s.Key, value)
	}
	if path != "" {
		problems = append(problems, readFile(v, path)...)
	}
	problems = append(problems, readEnv(v, environ)...)
	var c Config
	for _, s := range settings {
		if err := assign(s.field(&c), v.Get(s.Key)); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", s.Key, err))
		}
	}
	if len(problems) == 0 {
		c.derive()
		problems = c.problems()
	}
	return c, errors.Join(problems...)
}

// readFile lays the file over the defaults.
func readFile(v *viper.Viper, path string) []error {
	data, err := os.ReadFile(path)
	if err != nil {
		return []error{fmt.Errorf("configuration file: %w", err)}
	}
	file := viper.New()
	file.SetConfigType("yaml")
	if err := file.ReadConfig(bytes.NewReader(data)); err != nil {
		return []error{fmt.Errorf("configuration file %s is not valid YAML", path)} // the cause may quote a secret
	}
	var problems []error
	keys := file.AllKeys()
	slices.Sort(keys)
	for _, key := range keys {
		if file.Get(key) == nil && isSection(key) {
			continue // a section whose keys are all commented out
		}
		if !known(key) {
			problems = append(problems, fmt.Errorf("configuration file %s: unknown key %s", path, key))
			continue
		}
		v.Set(key, file.Get(key))
	}
	return problems
}

// readEnv lays the environment over the file.
func readEnv(v *viper.Viper, environ []string) []error {
	names := make(map[string]string, len(settings))
	for _, s := range settings {
		names[Env(s.Key)] = s.Key
	}
	var problems []error
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		if !strings.HasPrefix(name, envPrefix) || strings.HasPrefix(name, testPrefix) {
			continue
		}
		key, ok := names[name]
		if !ok {
			problems = append(problems, fmt.Errorf("unknown environment variable %s", name))
			continue
		}
		v.Set(key, value)
	}
	return problems
}

func known(key string) bool {
	return slices.ContainsFunc(settings, func(s Setting) bool { return s.Key == key })
}

func isSection(key string) bool {
	return slices.ContainsFunc(settings, func(s Setting) bool { return strings.HasPrefix(s.Key, key+".") })
}

// assign sets a field from a value of the file (typed) or of the environment (text). Errors never repeat the
// value: it may be a secret that ended up under another key.
func assign(field, value any) error {
	text, isText := value.(string)
	switch f := field.(type) {
	case *string:
		if !isText {
			return errors.New("must be text; put it in quotes")
		}
		*f = text
	case *Secret:
		if !isText {
			return errors.New("must be text; put it in quotes")
		}
		*f = Secret(text)
	case *int:
		n, ok := value.(int)
		if isText {
			var err error
			n, err = strconv.Atoi(text)
			ok = err == nil
		}
		if !ok {
			return errors.New("must be a whole number")
		}
		*f = n
	case *bool:
		b, ok := value.(bool)
		if isText {
			b, ok = text == "true", text == "true" || text == "false"
		}
		if !ok {
			return errors.New("must be true or false")
		}
		*f = b
	case *time.Duration:
		d, err := time.ParseDuration(text)
		if !isText || err != nil {
			return errors.New("must be a duration such as 30s, 5m or 1h")
		}
		*f = d
	case *[]string:
		items, err := list(value, "names")
		if err != nil {
			return err
		}
		*f = items
	case *[]netip.Prefix:
		return assignNetworks(f, value)
	default:
		return fmt.Errorf("has a field of unknown type %T", field)
	}
	return nil
}

// list reads a list, or text with commas between its items.
func list(value any, of string) ([]string, error) {
	var items []string
	switch v := value.(type) {
	case nil:
	case string:
		items = strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' })
	case []any:
		for _, item := range v {
			items = append(items, fmt.Sprint(item))
		}
	default:
		return nil, errors.New("must be a list of " + of)
	}
	return items, nil
}

func assignNetworks(f *[]netip.Prefix, value any) error {
	items, err := list(value, "networks such as 10.0.0.0/8")
	if err != nil {
		return err
	}
	*f = nil
	for i, item := range items {
		p, err := netip.ParsePrefix(item)
		if err != nil {
			return fmt.Errorf("item %d is not a network such as 10.0.0.0/8", i+1)
		}
		*f = append(*f, p.Masked())
	}
	return nil
}
