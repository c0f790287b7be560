using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace.Tests.Names;

/// <summary>The tests run with InvariantGlobalization, where the framework composes nothing.</summary>
[TestClass]
public class UnicodeNamesTests
{
    [TestMethod]
    [DataRow("Ada Lovelace", "Ada Lovelace", DisplayName = "ASCII")]
    [DataRow("Jose\u0301", "Jos\u00E9", DisplayName = "an accent")]
    [DataRow("Jos\u00E9", "Jos\u00E9", DisplayName = "composed already")]
    [DataRow("Nguye\u0302\u0303n", "Nguy\u1EC5n", DisplayName = "two accents")]
    [DataRow("o\u0301\u0302", "\u00F3\u0302", DisplayName = "marks of one class keep their order")]
    [DataRow("o\u0302\u0301", "\u1ED1", DisplayName = "and the other order is another letter")]
    [DataRow("q\u0307\u0323", "q\u0323\u0307", DisplayName = "marks of two classes are put in order")]
    [DataRow("a\u0323\u0302", "\u1EAD", DisplayName = "below first")]
    [DataRow("a\u0302\u0323", "\u1EAD", DisplayName = "above first")]
    [DataRow("\u1100\u1161\u11A8\u1112\u1161", "\uAC01\uD558", DisplayName = "Hangul")]
    [DataRow("\uAC00\u11A8", "\uAC01", DisplayName = "a syllable and its last consonant")]
    [DataRow("\uAC01\u11A8", "\uAC01\u11A8", DisplayName = "a syllable that is whole takes no other")]
    [DataRow("\u304B\u3099", "\u304C", DisplayName = "kana")]
    [DataRow("\u0915\u093C", "\u0915\u093C", DisplayName = "excluded from composition")]
    [DataRow("\u0958", "\u0915\u093C", DisplayName = "excluded, and taken apart")]
    [DataRow("\u212B", "\u00C5", DisplayName = "\u00C5ngstr\u00F6m's sign is a letter")]
    [DataRow("\uF900", "\u8C48", DisplayName = "a compatibility ideograph is the ideograph")]
    [DataRow("\U00011131\U00011127", "\U0001112E", DisplayName = "beyond 16 bits")]
    [DataRow("\u0301\u0041\u0301", "\u0301\u00C1", DisplayName = "a mark in front")]
    [DataRow("e\u0334\u0301", "\u00E9\u0334", DisplayName = "a letter is made over a mark of a lower class")]
    [DataRow("e\u0300\u0301", "\u00E8\u0301", DisplayName = "but not over one of the same")]
    [DataRow("a\uD800b\u0301", "a\uD800b\u0301", DisplayName = "half a pair")]
    public void Compose_Name_GivesFormC(string name, string composed)
    {
        Assert.AreEqual(composed, UnicodeNames.Compose(name));
        Assert.AreEqual(composed, UnicodeNames.Compose(composed));
        Assert.IsTrue(UnicodeNames.AreEqual(name, composed));
    }

    [TestMethod]
    public void Compose_EveryCharacterTakenApart_IsMadeAgain()
    {
        CanonicalForms forms = CanonicalForms.Instance;
        Assert.IsGreaterThan(2000, forms.Decompositions.Count);
        foreach ((int point, int[] parts) in forms.Decompositions)
        {
            string whole = char.ConvertFromUtf32(point), apart = string.Concat(parts.Select(char.ConvertFromUtf32));
            Assert.AreEqual(UnicodeNames.Compose(whole), UnicodeNames.Compose(apart), $"U+{point:X4}");
            Assert.AreEqual(forms.Compositions.ContainsValue(point), UnicodeNames.Compose(apart) == whole, $"U+{point:X4}");
        }

        for (char syllable = '\uAC00'; syllable < '\uD7A4'; syllable++)
        {
            int index = syllable - 0xAC00;
            string apart = $"{(char)(0x1100 + (index / 588))}{(char)(0x1161 + (index / 28 % 21))}{(index % 28 == 0 ? "" : (char)(0x11A7 + (index % 28)))}";
            Assert.AreEqual(syllable.ToString(), UnicodeNames.Compose(apart));
        }
    }

    [TestMethod]
    [DataRow("a\nb", "a\\u000Ab")]
    [DataRow("a\u2028b\u0085\u202Ec\u001B[31m", "a\\u2028b\\u0085\\u202Ec\\u001B[31m")]
    [DataRow("Jos\u00E9 \\n, M\u00FCller", "Jos\u00E9 \\n, M\u00FCller")]
    public void ShownName_ControlCharacters_StayWithinTheLine(string name, string shown) => Assert.AreEqual(shown, ShownName.Of(name));
}
