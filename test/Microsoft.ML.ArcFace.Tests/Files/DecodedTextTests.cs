using System.Text;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Tests.Files;

[TestClass]
public class DecodedTextTests
{
    [TestMethod]
    public void Next_ImproperByteAnywhere_IsToldByLineAndOffset()
    {
        // Around the ends of blocks of 4096 bytes, where a character may be cut.
        foreach (int offset in new[] { 0, 1, 4093, 4094, 4095, 4096, 4097, 8191, 8192, 10_000 })
        {
            byte[] file = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("123456789\n", 1001)))[..offset];
            var error = Assert.ThrowsExactly<UndecodableTextException>(() => new DecodedText(new MemoryStream([.. file, 0xE9, (byte)'x', (byte)'\n']), null).ReadToEnd());
            Assert.AreEqual(1 + (offset / 10), error.Line, $"at {offset}");
            Assert.Contains($"E9, at byte {offset} of the file", error.Message);
        }
    }

    [TestMethod]
    public void ReadToEnd_CharactersOverTheEndsOfBlocks_AreWhole()
    {
        for (int shift = 0; shift < 4; shift++)
        {
            string text = new string('x', shift) + string.Concat(Enumerable.Repeat("\u00E9\u6797\U0001F600", 1500));
            foreach (Encoding encoding in new[] { Encoding.UTF8, Encoding.Unicode, Encoding.UTF32, CodePagesEncodingProvider.Instance.GetEncoding("gb18030")! })
            {
                Assert.AreEqual(text, new DecodedText(new MemoryStream(encoding.GetBytes(text)), encoding).ReadToEnd(), encoding.WebName);
            }
        }
    }

    [TestMethod]
    [DataRow(new byte[] { 0x61, 0xC3 }, "at byte 1", DisplayName = "cut off")]
    [DataRow(new byte[] { 0xED, 0xA0, 0x80 }, "at byte 0", DisplayName = "half a pair")]
    [DataRow(new byte[] { 0xC0, 0xAF }, "at byte 0", DisplayName = "longer than need be")]
    [DataRow(new byte[] { 0xEF, 0xBB, 0xBF, 0x61, 0xFF }, "at byte 4", DisplayName = "behind the mark")]
    [DataRow(new byte[] { 0xFF, 0xFE, 0x61, 0x00, 0x00, 0xD8, 0x61, 0x00 }, "UTF-16", DisplayName = "half a pair of UTF-16")]
    public void ReadToEnd_ImproperBytes_AreNoReplacementCharacter(byte[] file, string expected) =>
        Assert.Contains(expected, Assert.ThrowsExactly<UndecodableTextException>(() => new DecodedText(new MemoryStream(file), null).ReadToEnd()).Message);
}
