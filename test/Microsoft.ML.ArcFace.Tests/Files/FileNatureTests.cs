using System.IO.Compression;
using System.Text;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using SkiaSharp;

namespace Microsoft.ML.ArcFace.Tests.Files;

[TestClass]
public class FileNatureTests
{
    private static readonly TorchFileStorage Floats = new("0", "FloatStorage", 6, new byte[24]);
    private static readonly byte[] Pickle = TorchFileWriter.Pickle([new("a.weight", "0", 0, [2, 2], [2, 1])], [Floats]);

    private static readonly Dictionary<FileKind, byte[]> Files = new()
    {
        [FileKind.Empty] = [],
        [FileKind.FaceModel] = Zip(("TrainingInfo/Version.txt", "5"), ("TransformerChain/Transform_001/Weights.safetensors", "w")),
        [FileKind.MLNetModel] = Zip(("TrainingInfo\\Version.txt", "5"), ("TransformerChain/Model.key", "w")),
        [FileKind.Zip] = Zip(("a.txt", "hello"), ("b.txt", "hello"), ("c.txt", "hello"), ("d.txt", "hello")),
        [FileKind.PartialZip] = Zip(("TrainingInfo/Version.txt", "5"), ("TransformerChain/Model.key", "w"))[..60],
        [FileKind.TorchZip] = TorchFileWriter.Zip(Pickle, [Floats]),
        [FileKind.CompressedTorchZip] = TorchFileWriter.Zip(Pickle, [Floats], CompressionLevel.Optimal),
        [FileKind.TorchScript] = TorchFileWriter.Zip(Pickle, [Floats], others: ("net/constants.pkl", Pickle)),
        [FileKind.Pickle] = PickleWriter.Start().Long(5).Stop(),
        [FileKind.Safetensors] = [16, 0, 0, 0, 0, 0, 0, 0, .. "{\"a\":1}         "u8],
        [FileKind.TrainingCheckpoint] = [48, 0, 0, 0, 0, 0, 0, 0, .. "{\"__metadata__\":{\"arcface_checkpoint\":\"1\"}}    "u8],
        [FileKind.Onnx] = [0x08, 7, 0x12, 7, .. "pytorch"u8, 0x3a, 0],
        [FileKind.MxNetParameters] = [0x12, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        [FileKind.Hdf5] = [0x89, .. "HDF\r\n"u8, 0x1a, 10],
        [FileKind.NumPyArray] = [0x93, .. "NUMPY"u8, 1, 0],
        [FileKind.RecordIO] = [0x0a, 0x23, 0xd7, 0xce, 0, 0, 0, 0],
        [FileKind.Sqlite] = [.. "SQLite format 3\0"u8, 16, 0],
        [FileKind.Png] = EncodedImages.Gradient(9, 6, SKEncodedImageFormat.Png),
        [FileKind.Html] = Encoding.UTF8.GetBytes("\uFEFF\n <!DOCTYPE html><html><body>Quota exceeded</body></html>"),
        [FileKind.GitLfsPointer] = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"u8.ToArray(),
        [FileKind.Archive] = [0x1f, 0x8b, 8, 0],
        [FileKind.Text] = "a.jpg\tAda\n"u8.ToArray(),
        [FileKind.Unknown] = [1, 2, 3, 4, 5, 6, 7, 8, 9],
    };

    [TestMethod]
    public void Of_EachKind_IsKnownByItsBytes()
    {
        foreach ((FileKind kind, byte[] bytes) in Files)
        {
            Assert.AreEqual(kind, FileNature.Of(ByteSource.Of(bytes)).Kind);
        }
    }

    [TestMethod]
    public void Of_StreamOfTorchAndEntriesOfAZip_AreTold()
    {
        Assert.AreEqual(FileKind.Pickle, FileNature.Of(ByteSource.Of(TorchFileWriter.Stream(Pickle, [Floats]))).Kind);
        Assert.AreEqual("a .zip archive with 'a.txt', 'b.txt', 'c.txt' and 1 more files in it", FileNature.Of(ByteSource.Of(Files[FileKind.Zip])).What);
    }

    [TestMethod]
    public void Mismatch_EachKindInEachPlace_SaysWhatItIsAndWhatToDo()
    {
        foreach (FileUse use in new[] { FileUse.Weights, FileUse.Model, FileUse.Detector, FileUse.Gallery, FileUse.Records, FileUse.VerificationBin })
        {
            foreach ((FileKind kind, byte[] bytes) in Files.Where(file => file.Key != FileKind.Unknown))
            {
                FileNature nature = FileNature.Of(ByteSource.Of(bytes));
                string? mismatch = use.Mismatch(nature);
                Assert.AreEqual(use.Fitting.Contains(nature.Kind), mismatch is null, $"{use.Needed}: {kind}");
                if (mismatch is not null)
                {
                    StringAssert.StartsWith(mismatch, $"It is {nature.What}");
                    Assert.HasCount(2, mismatch.Split(use.Needed), "What is needed is said once.");
                    StringAssert.EndsWith(mismatch, ".");
                }
            }
        }
    }

    [TestMethod]
    public void Load_ListOfAnotherKind_IsNamed()
    {
        using var folder = new TemporaryFolder();
        FaceRecognitionCatalog faces = new MLContext().FaceRecognition();
        foreach (FileKind kind in new[] { FileKind.Png, FileKind.Html, FileKind.MLNetModel, FileKind.Sqlite, FileKind.Pickle })
        {
            string path = folder.Write($"{kind}.txt", Files[kind]);
            foreach (Action load in new Action[] { () => faces.LoadPairs(path), () => faces.LoadFromList(path) })
            {
                string message = Assert.ThrowsExactly<FaceDataFormatException>(load).Message;
                StringAssert.StartsWith(message, $"'{path}' cannot be read as text. It is {kind.Describe()}");
                StringAssert.Contains(message, "a list (lines of text). ".TrimEnd());
            }
        }
    }

    [TestMethod]
    public void Unpack_EntryThatLies_IsRefused()
    {
        byte[] zip = Zip(("a", new string('a', 2_000_000)));
        ZipEntry entry = ZipDirectory.Read(ByteSource.Of(zip)).Values.Single();
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => entry.Unpack(ByteSource.Of(zip))).Message, "claims 2000000 bytes");
        byte[] small = Zip(("a", "hello, hello"));
        entry = ZipDirectory.Read(ByteSource.Of(small)).Values.Single();
        Assert.AreEqual("hello, hello", Encoding.UTF8.GetString(entry.Unpack(ByteSource.Of(small))));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => (entry with { Crc32 = 1 }).Unpack(ByteSource.Of(small))).Message, "checksum");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => (entry with { Length = 13 }).Unpack(ByteSource.Of(small))).Message, "does not have the 13 bytes");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => (entry with { Packing = ZipPacking.Unknown }).Unpack(ByteSource.Of(small))).Message, "encrypted");
    }

    private static byte[] Zip(params (string Name, string Text)[] entries)
    {
        var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, string text) in entries)
            {
                using Stream entry = zip.CreateEntry(name).Open();
                entry.Write(Encoding.UTF8.GetBytes(text));
            }
        }

        return bytes.ToArray();
    }
}
