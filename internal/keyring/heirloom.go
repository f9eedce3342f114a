package keyring

import "fmt"

// Heirloom is the key of an older root key's digests for one purpose. Unlike a sealed value a digest cannot be
// redone, so this is what must stay of a root key that leaves the ring.
type Heirloom struct {
	// KeyID is the id of the root key, Purpose what the digests are for.
	KeyID, Purpose string
	// Sealed is the key itself, sealed by a root key of the ring.
	Sealed string
}

// heirloomPurpose is what keys of digests are sealed for.
const heirloomPurpose = "mac-key"

// SealedAs returns the purpose and the place that an heirloom's key is sealed for.
func (h Heirloom) SealedAs() (purpose string, aad []string) {
	return heirloomPurpose, []string{"mac_key", "sealed", h.Purpose, h.KeyID}
}

// Bequeath returns the heirlooms of all keys but the primary for a purpose, sealed by the primary. A ring that
// inherits them finds what these keys made digests of without having the keys.
func (r *Ring) Bequeath(purpose string) ([]Heirloom, error) {
	var all []Heirloom
	for _, id := range r.order[1:] {
		h := Heirloom{KeyID: id, Purpose: purpose}
		as, aad := h.SealedAs()
		var err error
		if h.Sealed, err = r.Seal(as, aad, r.macKey(id, purpose)); err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

// Inherit lets MACs try the heirlooms of keys that are not in the ring, after those that are. Each must open, else
// it fails with ErrOpen. It is for the time before the ring is used by several at once.
func (r *Ring) Inherit(heirlooms []Heirloom) error {
	for _, h := range heirlooms {
		if r.roots[h.KeyID] != nil {
			continue
		}
		as, aad := h.SealedAs()
		key, err := r.Open(as, aad, h.Sealed)
		if err != nil {
			return fmt.Errorf("inherit from root key %s: %w", h.KeyID, err)
		}
		if r.inherited == nil {
			r.inherited = map[string][][]byte{}
		}
		r.inherited[h.Purpose] = append(r.inherited[h.Purpose], key)
	}
	return nil
}
