using System.IO.Compression;
using System.Text;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Files;

[TestClass]
public class FileKindsTests
{
    [TestMethod]
    [DataRow("", nameof(FileKind.Empty))]
    [DataRow("47 49 46 38 39 61 01 00", nameof(FileKind.Gif))]
    [DataRow("49 49 2A 00 08 00 00 00", nameof(FileKind.Tiff))]
    [DataRow("4D 4D 00 2A 00 00 00 08", nameof(FileKind.Tiff))]
    [DataRow("00 00 00 18 66 74 79 70 68 65 69 63 00 00 00 00 6D 69 66 31 68 65 69 63", nameof(FileKind.Heic))]
    [DataRow("00 00 00 18 66 74 79 70 6D 69 66 31 00 00 00 00 6D 69 66 31 68 65 69 63", nameof(FileKind.Heic))]
    [DataRow("00 00 00 18 66 74 79 70 6D 69 66 31 00 00 00 00 6D 69 66 31 61 76 69 66", nameof(FileKind.Avif))]
    [DataRow("00 00 00 14 66 74 79 70 61 76 69 66 00 00 00 00 6D 69 66 31", nameof(FileKind.Avif))]
    [DataRow("00 00 00 14 66 74 79 70 71 74 20 20 00 00 00 00 71 74 20 20", nameof(FileKind.Video))]
    [DataRow("00 00 00 0C 4A 58 4C 20 0D 0A 87 0A", nameof(FileKind.JpegXl))]
    [DataRow("00 00 00 0C 6A 50 20 20 0D 0A 87 0A", nameof(FileKind.Jpeg2000))]
    [DataRow("25 50 44 46 2D 31 2E 37", nameof(FileKind.Pdf))]
    [DataRow("50 4B 05 06 00 00 00 00", nameof(FileKind.Zip))]
    [DataRow("80 02 8A 0A 6C FC 9C 46", nameof(FileKind.Pickle))]
    [DataRow("08 08 12 07 70 79 74 6F 72 63 68", nameof(FileKind.Onnx))]
    [DataRow("08 0A 3A 80 80 04", nameof(FileKind.Onnx))]
    [DataRow("0A 23 D7 CE 20 00 00 00", nameof(FileKind.RecordIO))]
    [DataRow("38 00 00 00 00 00 00 00 7B 22 61 22", nameof(FileKind.Safetensors))]
    [DataRow("FF D8 FF E0", nameof(FileKind.Jpeg))]
    [DataRow("FF D8 00 00", nameof(FileKind.Unknown))]
    [DataRow("42 4D FF FF FF FF 00 00 00 00 36", nameof(FileKind.Bmp))]
    [DataRow("FF FE 41 00 42 00", nameof(FileKind.Text))]
    [DataRow("41 C3 BC 0A", nameof(FileKind.Text))]
    [DataRow("41 FC 0A", nameof(FileKind.Unknown))]
    [DataRow("00 00 00 00", nameof(FileKind.Unknown))]
    public void Of_FirstBytes_TellTheKind(string hex, string expected) =>
        Assert.AreEqual(expected, FileKinds.Of(Convert.FromHexString(hex.Replace(" ", ""))).ToString());

    [TestMethod]
    [DataRow("BMW and other cars\n", nameof(FileKind.Text))]
    [DataRow("\uFEFFAda/1.jpg\tAda\n", nameof(FileKind.Text))]
    [DataRow("\r\n <!DOCTYPE html>\n<title>404</title>", nameof(FileKind.Html))]
    [DataRow("<html><body>Sign in</body></html>", nameof(FileKind.Html))]
    [DataRow("<?xml version=\"1.0\"?>\n<html xmlns=\"…\">", nameof(FileKind.Html))]
    [DataRow("<?xml version=\"1.0\"?>\n<faces/>", nameof(FileKind.Text))]
    [DataRow("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", nameof(FileKind.GitLfsPointer))]
    [DataRow("SQLite format 3\0", nameof(FileKind.Sqlite))]
    [DataRow("RIFF\u0001\0\0\0AVI LIST", nameof(FileKind.Video))]
    public void Of_Characters_TellTheKind(string start, string expected) => Assert.AreEqual(expected, FileKinds.Of(Encoding.UTF8.GetBytes(start)).ToString());

    [TestMethod]
    [DataRow(SKEncodedImageFormat.Jpeg, nameof(FileKind.Jpeg))]
    [DataRow(SKEncodedImageFormat.Png, nameof(FileKind.Png))]
    [DataRow(SKEncodedImageFormat.Webp, nameof(FileKind.WebP))]
    public void OfFile_EncodedPicture_IsAPhotographWhateverItsName(SKEncodedImageFormat format, string expected)
    {
        using var folder = new TemporaryFolder();
        FileKind kind = FileKinds.OfFile(folder.Write("picture.heic", EncodedImages.Gradient(20, 10, format)));
        Assert.AreEqual(expected, kind.ToString());
        Assert.IsTrue(kind.IsPhotograph());
    }

    [TestMethod]
    public void Of_Bmp_IsAPhotograph() => Assert.AreEqual(FileKind.Bmp, FileKinds.Of(EncodedImages.Bmp(4, 4, SKColors.Red)));

    [TestMethod]
    [DataRow("TrainingInfo/Version.txt", nameof(FileKind.MLNetModel))]
    [DataRow("TransformerChain/Model.key", nameof(FileKind.MLNetModel))]
    [DataRow("resnet/data.pkl", nameof(FileKind.TorchZip))]
    [DataRow("photographs/Ada/1.jpg", nameof(FileKind.Zip))]
    public void Of_ZipByItsFirstEntry_TellsWhoWroteIt(string firstEntry, string expected)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            zip.CreateEntry(firstEntry);
            zip.CreateEntry("second");
        }

        Assert.AreEqual(expected, FileKinds.Of(bytes.ToArray()).ToString());
    }

    [TestMethod]
    public void Of_TextCutWithinACharacter_IsText()
    {
        byte[] text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("né ", FileKinds.DecidingBytes)));
        for (int length = FileKinds.DecidingBytes - 4; length <= FileKinds.DecidingBytes; length++)
        {
            Assert.AreEqual(FileKind.Text, FileKinds.Of(text.AsSpan(0, length)));
        }
    }

    [TestMethod]
    public void Of_AnyStartOfAnyKind_NeverThrows()
    {
        byte[] heic = Convert.FromHexString("0000001866747970686569630000000" + "06D69663168656963");
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            zip.CreateEntry("TrainingInfo/Version.txt");
        }

        foreach (byte[] whole in new[] { heic, bytes.ToArray(), EncodedImages.Bmp(4, 4, SKColors.Red), "<?xml <html"u8.ToArray() })
        {
            for (int length = 0; length <= whole.Length; length++)
            {
                Assert.IsNotEmpty(FileKinds.Of(whole.AsSpan(0, length)).Describe());
            }
        }
    }

    [TestMethod]
    public void Describe_EveryKnownKind_HasWords()
    {
        foreach (FileKind kind in Enum.GetValues<FileKind>().Where(kind => kind != FileKind.Unknown))
        {
            Assert.AreNotEqual(FileKind.Unknown.Describe(), kind.Describe(), kind.ToString());
        }
    }
}
