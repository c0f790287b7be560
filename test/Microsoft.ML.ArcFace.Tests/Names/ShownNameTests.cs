using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.ML.ArcFace.Names;

namespace Microsoft.ML.ArcFace.Tests.Names;

[TestClass]
public partial class ShownNameTests
{
    [TestMethod]
    [DataRow("Ada", "Ada")]
    [DataRow("José 李 🏴󠁧󠁢󠁳󠁣󠁴󠁿 👩‍🔬", "José 李 🏴󠁧󠁢󠁳󠁣󠁴󠁿 👩‍🔬")]
    [DataRow("a\tb", "a\tb")]
    [DataRow("a\nb\rc", @"a\u000Ab\u000Dc")]
    [DataRow("\u001B[2J\u009B31m\u0007\u007F\0", @"\u001B[2J\u009B31m\u0007\u007F\u0000")]
    [DataRow("\u202Egpj.exe\u2066\u200F\u061C\u2028", @"\u202Egpj.exe\u2066\u200F\u061C\u2028")]
    [DataRow("Al\u200Bec\uFEFF", @"Al\u200Bec\uFEFF")]
    [DataRow(@"C:\users\uni", @"C:\users\uni")]
    [DataRow(@"a\u000Ab", @"a\u005Cu000Ab")]
    [DataRow(@"\\u000A", @"\\u005Cu000A")]
    public void Of_Name_IsOneLineWithoutControls(string name, string shown)
    {
        Assert.AreEqual(shown, ShownName.Of(name));
        Assert.AreEqual(name, Name(shown));
    }

    /// <summary>No two names are shown alike: the name comes back.</summary>
    [TestMethod]
    public void Of_AnyName_CanBeHadBack()
    {
        var random = new Random(1);
        string[] pieces = ["\\", "u", "000A", "005C", "\n", "\u001B", "a", "\\u", "\u0085"];
        for (int trial = 0; trial < 20_000; trial++)
        {
            string name = string.Concat(Enumerable.Range(0, random.Next(1, 8)).Select(_ => pieces[random.Next(pieces.Length)]));
            string shown = ShownName.Of(name);
            Assert.IsFalse(shown.Any(char.IsControl));
            Assert.AreEqual(name, Name(shown));
        }
    }

    private static string Name(string shown) => Sequence().Replace(shown, match => ((char)int.Parse(match.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToString());

    [GeneratedRegex(@"\\u([0-9A-Fa-f]{4})")]
    private static partial Regex Sequence();
}
