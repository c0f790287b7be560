using System.IO.Compression;
using System.Text;
using Microsoft.ML.ArcFace.Detection;
using Microsoft.ML.ArcFace.Embedding;
using Microsoft.ML.ArcFace.Tests.TestSupport;

namespace Microsoft.ML.ArcFace.Tests.Embedding;

[TestClass]
public class DetectionPartTests
{
    [TestMethod]
    public void Required_Absent_NamesThePackage()
    {
        Assert.IsInstanceOfType<FaceDetection>(DetectionPart.Find("Microsoft.ML.ArcFace.Detection"));
        Assert.IsNull(DetectionPart.Find("Microsoft.ML.ArcFace.Absent"));
        Assert.Contains("dotnet add package ArcFace.MLNet.Detection", Assert.ThrowsExactly<InvalidOperationException>(() => DetectionPart.Required(null)).Message);
    }

    [TestMethod]
    public void Save_ModelWithADetector_NamesTheAssemblyThatKnowsWhichPackageToAdd()
    {
        using var folder = new TemporaryFolder();
        var ml = new MLContext();
        IDataView none = ml.Data.LoadFromEnumerable<Photograph>([]);
        ITransformer model = ml.Transforms.LoadImages("Image", null, nameof(Photograph.Path))
            .Append(ml.Transforms.DetectFaces("Boxes", "Landmarks", "Scores", "Image", folder.Write("detector.onnx", DetectorModels.Scrfd.OneFace().ToBytes()))).Fit(none);
        string path = Path.Combine(folder.FullName, "detecting.zip");
        ml.Model.Save(model, none.Schema, path);
        (model as IDisposable)?.Dispose();
        using (ZipArchive zip = ZipFile.OpenRead(path))
        {
            foreach (ZipArchiveEntry entry in zip.Entries.Where(entry => entry.Name == "Model.key"))
            {
                using var bytes = new MemoryStream();
                using Stream stream = entry.Open();
                stream.CopyTo(bytes);
                Assert.DoesNotContain("ArcFace.Detection", Encoding.Unicode.GetString(bytes.ToArray()), entry.FullName);
            }
        }

        // The first that this context meets of the library.
        using var loaded = new MLContext().Model.Load(path, out _) as IDisposable;
        Assert.IsInstanceOfType<FaceDetectingTransformer>(((IEnumerable<ITransformer>)loaded!).Last());
    }

    private sealed class Photograph
    {
        public string Path { get; set; } = "";
    }
}
