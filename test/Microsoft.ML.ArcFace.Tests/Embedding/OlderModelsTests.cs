using System.Buffers.Binary;
using System.Text;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Embedding;

/// <summary>Models of versions that this one does not read: they are told from damaged ones, and the message says what to do.</summary>
[TestClass]
public class OlderModelsTests
{
    private static readonly byte[] s_today = File.ReadAllBytes(SavedModelsTests.Files.Select(file => Path.Combine(SavedModelsTests.Folder, (string)file[0])).Order(StringComparer.Ordinal).Last());

    [TestMethod]
    public void Load_ModelForTheFormerAssembly_SaysThatItIsOlderAndWhatToDo()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("former.zip", AlteredZip.Of(s_today, (name, bytes) => name.EndsWith("Model.key", StringComparison.Ordinal) ? ForFormerAssembly(bytes) : bytes));
        var ml = new MLContext();
        Exception ofMlNet = Assert.Throws<Exception>(() => ml.Model.Load(path, out _)).GetBaseException();
        Assert.IsInstanceOfType<WeightsFormatException>(ofMlNet);
        Assert.Contains("an older version of the library saved it", ofMlNet.Message);
        Assert.Contains(OlderModels.Remedy, ofMlNet.Message);

        // Another context, which has met nothing of the library yet; the second time ML.NET asks the assembly no more.
        ml = new MLContext();
        foreach (Action load in new Action[] { () => ml.FaceRecognition().LoadModel(path, out _), () => ml.FaceRecognition().LoadModel(path, out _), () => new FaceEmbedder(path).Dispose() })
        {
            string message = Assert.ThrowsExactly<WeightsFormatException>(load).Message;
            Assert.Contains($"The model '{path}' cannot be loaded: an older version of the library saved it", message);
            Assert.Contains(OlderModels.Remedy, message);
        }
    }

    [TestMethod]
    [DataRow("FACEEMB", "FaceEmbedding", 0x00010003u, 0x00010003u, "format 0x00010003 by an older version of the library, and this version reads 0x00010004 and later", "Train the model anew")]
    [DataRow("FACELOAD", "FaceImageLoading", 0x00010001u, 0x00010001u, "format 0x00010001 by an older version of the library, and this version reads 0x00010002 and later", "Train the model anew")]
    [DataRow("FACEEMB", "FaceEmbedding", 0x00020000u, 0x00020000u, "format 0x00020000 by a newer version of the library, and this version reads up to 0x0001", "Use the package version that saved the model")]
    public void Load_PartOfAnotherFormat_NamesTheFormatAndTheRemedy(string signature, string part, uint written, uint readable, string finding, string remedy)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("other.zip", AlteredZip.Of(s_today, (_, bytes) => OfFormat(bytes, signature, written, readable)));
        foreach (Action load in new Action[] { () => new MLContext().Model.Load(path, out _), () => new MLContext().FaceRecognition().LoadModel(path, out _), () => new FaceEmbedder(path).Dispose() })
        {
            Exception error = Assert.Throws<Exception>(load).GetBaseException();
            Assert.IsInstanceOfType<WeightsFormatException>(error);
            Assert.Contains($"its part {part} was written in {finding}", error.Message);
            Assert.Contains(remedy, error.Message);
        }
    }

    [TestMethod]
    public void GetCustomAttributes_OfTheFormerAssembly_GivesThem() =>
        Assert.IsTrue(System.Reflection.Assembly.Load(OlderModels.AssemblyName).GetCustomAttributes(inherit: false).Any(attribute => attribute.GetType().Name == "OlderModelsAttribute"));

    [TestMethod]
    public void Contains_OtherFiles_IsFalse()
    {
        using var folder = new TemporaryFolder();
        Assert.IsFalse(OlderModels.Contains(folder.Write("today.zip", s_today)));
        Assert.IsFalse(OlderModels.Contains(folder.Write("half.zip", s_today[..(s_today.Length / 2)])));
        Assert.IsFalse(OlderModels.Contains(folder.Write("no header.zip", AlteredZip.Of(s_today, (_, _) => [1, 2, 3]))));
        Assert.IsFalse(OlderModels.Contains(Path.Combine(folder.FullName, "absent.zip")));
    }

    /// <summary>Writes the name of the former assembly in the place of today's. ML.NET's header says where it is: 64-bit numbers at fixed places.</summary>
    private static byte[] ForFormerAssembly(byte[] header)
    {
        const int tailAt = 128, endAt = 136, nameAt = 144, nameLengthAt = 152;
        int name = (int)BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(nameAt)), length = (int)BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(nameLengthAt));
        if (Encoding.Unicode.GetString(header, name, length) != "Microsoft.ML.ArcFace.Embedding")
        {
            return header;
        }

        byte[] former = Encoding.Unicode.GetBytes("Microsoft.ML.ArcFace");
        byte[] changed = [.. header[..name], .. former, .. header[(name + length)..]];
        BinaryPrimitives.WriteInt64LittleEndian(changed.AsSpan(nameLengthAt), former.Length);
        foreach (int at in new[] { tailAt, endAt })
        {
            BinaryPrimitives.WriteInt64LittleEndian(changed.AsSpan(at), BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(at)) + former.Length - length);
        }

        return changed;
    }

    /// <summary>Writes the two versions that follow the signature of a part, which has eight bytes.</summary>
    private static byte[] OfFormat(byte[] header, string signature, uint written, uint readable)
    {
        byte[] changed = [.. header];
        int at = header.AsSpan().IndexOf(Encoding.ASCII.GetBytes(signature));
        if (at >= 0)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(changed.AsSpan(at + sizeof(ulong)), written);
            BinaryPrimitives.WriteUInt32LittleEndian(changed.AsSpan(at + sizeof(ulong) + sizeof(uint)), readable);
        }

        return changed;
    }
}
