import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { amountText, formatMoney, grouped } from "../../static/js/lib/money-format.js";

beforeEach(() => {
  globalThis.document = { documentElement: { lang: "en" } };
});

test("an amount has its groups and the decimals of its currency", () => {
  const amounts = [
    [118_460, "EUR"],
    [5, "EUR"],
    [100_000_000, "USD"],
    [1200, "JPY"],
    [1_234_567, "KWD"],
  ];

  assert.deepEqual(
    amounts.map(([amount, currency]) => amountText({ amount, currency })),
    ["1,184.60", "0.05", "1,000,000.00", "1,200", "1,234.567"],
  );
});

test("what is put together by hand reads as the browser writes it", () => {
  for (const currency of ["CHF", "CZK", "DKK", "EUR", "GBP", "JPY", "NOK", "PLN", "SEK", "USD"]) {
    const style = { style: "currency", currency, currencyDisplay: "code" };
    const { maximumFractionDigits } = new Intl.NumberFormat("en", style).resolvedOptions();
    for (const amount of [0, 7, 99, 100, 99_999, 100_000, -123_456_789]) {
      const browsers = new Intl.NumberFormat("en", style).format(amount / 10 ** maximumFractionDigits);
      assert.equal(amountText({ amount, currency }), browsers.replace(`${currency}\u00a0`, ""));
    }
  }
});

test("another language groups in its own way", () => {
  document.documentElement.lang = "de";

  assert.equal(formatMoney({ amount: 118_460, currency: "EUR" }), "EUR\u00a01.184,60");
  assert.equal(grouped(1284), "1.284");
});
