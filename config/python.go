package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Python is the module of the Python package that declares every key as a field of a data
// class: python/src/pinyon/_keys.py of this repository.
func Python() string {
	var b strings.Builder
	b.WriteString(`"""Every key of the configuration as a field; generated from the engine's table of keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple


class Key(NamedTuple):
    """What the engine knows of a key: its flag, kind, and the variables that set it."""

    flag: str
    kind: str
    allowed: str
    env: tuple[str, ...]


KEYS: dict[str, Key] = {
`)
	for _, k := range Keys() {
		env := make([]string, len(k.Env))
		for i, v := range k.Env {
			env[i] = quoted(v) + ","
		}
		fmt.Fprintf(&b, "    %s: Key(%s, %s, %s, (%s)),\n", quoted(k.Name), quoted(k.Flag), quoted(k.Kind), quoted(k.Allowed), strings.Join(env, " "))
	}
	b.WriteString("}\n\n\n@dataclass(frozen=True)\nclass Fields:\n    \"\"\"The fields of :class:`pinyon.Config`.\n\n    Attributes\n    ----------\n")
	for _, k := range Keys() {
		kind, def := pythonField(&k)
		doc := k.Doc
		if k.Allowed != "" {
			doc += " Allowed: " + k.Allowed + "."
		}
		fmt.Fprintf(&b, "    %s : %s, default %s\n        %s\n", k.Name, strings.ReplaceAll(kind, `"`, "'"), strings.ReplaceAll(def, `"`, "'"), doc)
	}
	b.WriteString("    \"\"\"\n\n")
	for _, k := range Keys() {
		kind, def := pythonField(&k)
		fmt.Fprintf(&b, "    %s: %s = %s\n", k.Name, kind, def)
	}
	return b.String()
}

// pythonField is the type of a key's field and its default, as Python writes them.
func pythonField(k *Key) (kind, def string) {
	switch k.Kind {
	case "number":
		f, _ := strconv.ParseFloat(k.Default, 64)
		def = strconv.FormatFloat(f, 'g', -1, 64)
		if !strings.ContainsAny(def, ".e") {
			def += ".0"
		}
		return "float", def
	case "integer":
		return "int", k.Default
	case "boolean":
		return "bool", map[bool]string{true: "True", false: "False"}[k.Default == "true"]
	case "list":
		if k.Default == "" {
			return "str | Sequence[str] | None", "None"
		}
		return "str | Sequence[str]", quoted(k.Default)
	case "size":
		return "int | str", quoted(k.Default)
	}
	if words := strings.Split(k.Allowed, " or "); len(words) > 1 {
		for i := range words {
			words[i] = quoted(words[i])
		}
		return "Literal[" + strings.Join(words, ", ") + "]", quoted(k.Default)
	}
	if k.Default == "" {
		return "str | None", "None"
	}
	return "str", quoted(k.Default)
}

// quoted is a Python text; no text of the table holds what Go and Python escape differently.
func quoted(s string) string { return strconv.Quote(s) }
