// The ledger of a drop: what its page adds to every page's elements.
import "elements/ledger-proof";
