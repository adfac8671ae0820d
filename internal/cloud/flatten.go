package cloud

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// flatten turns an SDK value into its fields by their AWS names in dotted form. Two values that mean
// the same flatten to the same map: lists of names are sorted, block devices stand in order of their
// device names, tags under their keys. Fields that are not set are left out. User data, which may hold
// secrets, becomes a digest and a length.
func flatten(value any) map[string]string {
	fields := map[string]string{}
	flattenInto(fields, "", reflect.ValueOf(value))
	if len(fields) == 0 {
		return nil
	}
	return fields
}

func flattenInto(fields map[string]string, path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			flattenInto(fields, path, v.Elem())
		}
	case reflect.Struct:
		flattenStruct(fields, path, v)
	case reflect.Slice:
		flattenSlice(fields, path, v)
	case reflect.Invalid:
	default:
		if text := scalar(v); text != "" {
			fields[path] = text
		}
	}
}

func flattenStruct(fields map[string]string, path string, v reflect.Value) {
	if t, ok := v.Interface().(time.Time); ok {
		fields[path] = t.UTC().Format(time.RFC3339)
		return
	}
	for field, value := range v.Fields() {
		switch {
		case !field.IsExported():
		case field.Name == "UserData" && value.Kind() == reflect.Pointer && !value.IsNil():
			fields[under(path, field.Name)] = digest(value.Elem().String())
		default:
			flattenInto(fields, under(path, field.Name), value)
		}
	}
}

func flattenSlice(fields map[string]string, path string, v reflect.Value) {
	elements := make([]reflect.Value, v.Len())
	for i := range elements {
		elements[i] = v.Index(i)
	}
	if v.Type().Elem().Kind() != reflect.Struct {
		slices.SortFunc(elements, func(a, b reflect.Value) int { return cmp.Compare(scalar(a), scalar(b)) })
	} else {
		slices.SortStableFunc(elements, func(a, b reflect.Value) int { return cmp.Compare(deviceName(a), deviceName(b)) })
	}
	for i, e := range elements {
		if key, value, ok := tag(e); ok {
			fields[under(path, key)] = value
			continue
		}
		flattenInto(fields, under(path, cmp.Or(textField(e, "ResourceType"), strconv.Itoa(i))), e)
	}
}

func under(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// scalar is a plain value in text.
func scalar(v reflect.Value) string {
	if v.Kind() == reflect.String {
		return v.String()
	}
	return fmt.Sprint(v.Interface())
}

// deviceName is what block devices are ordered by; other lists keep AWS's order.
func deviceName(v reflect.Value) string { return textField(v, "DeviceName") }

// tag reads a struct that is a key and a value and no more.
func tag(v reflect.Value) (key, value string, ok bool) {
	if v.Kind() != reflect.Struct || !v.FieldByName("Key").IsValid() || !v.FieldByName("Value").IsValid() {
		return "", "", false
	}
	return textField(v, "Key"), textField(v, "Value"), true
}

// textField is a struct's field in text, empty when it has none.
func textField(v reflect.Value, name string) string {
	if v.Kind() != reflect.Struct {
		return ""
	}
	field := v.FieldByName(name)
	if field.Kind() == reflect.Pointer && !field.IsNil() {
		field = field.Elem()
	}
	if field.Kind() != reflect.String {
		return ""
	}
	return field.String()
}

// digest tells user data apart without showing it.
func digest(userData string) string {
	plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(userData))
	if err != nil {
		plain = []byte(userData)
	}
	sum := sha256.Sum256(plain)
	return fmt.Sprintf("sha256:%x (%d bytes)", sum[:6], len(plain))
}
