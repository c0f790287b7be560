using System.Reflection;
using Microsoft.ML.ArcFace.Postgres;
using Microsoft.ML.ArcFace.Tests.Gallery;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.Data;

namespace Microsoft.ML.ArcFace.Tests;

[TestClass]
public class FaceRecognitionExceptionTests
{
    [TestMethod]
    public void PublicExceptions_All_HaveOneBase()
    {
        // A canceled run is no failure: what catches .NET's cancellation everywhere catches it, too.
        Type[] exceptions =
        [
            .. Libraries.Assemblies.SelectMany(assembly => assembly.GetExportedTypes()).Where(type => type.IsAssignableTo(typeof(Exception)) && !type.IsAssignableTo(typeof(OperationCanceledException))),
        ];
        Assert.IsGreaterThanOrEqualTo(10, exceptions.Length);
        Assert.IsEmpty(exceptions.Where(type => !type.IsAssignableTo(typeof(FaceRecognitionException))).Select(type => type.FullName!).ToArray());
        Assert.IsEmpty(exceptions.Where(type => type.BaseType != typeof(FaceRecognitionException) && type != typeof(FaceRecognitionException)).Select(type => type.FullName!).ToArray());
    }

    [TestMethod]
    public void FilesThatCannotBeUsed_OfEachKind_AreCaughtByTheBase()
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = "this is no photograph, no network, no record and no gallery, whatever its ending"u8.ToArray();
        string text = folder.Write("notes.txt", bytes), record = folder.Write("notes.rec", bytes);
        folder.Write("notes.idx", bytes);
        var ml = new MLContext();
        IDataView rows = ml.FaceRecognition().LoadFromList(folder.Write("list.txt", "notes.txt\tAda"u8.ToArray()), folder.FullName);

        Action[] uses =
        [
            () => ml.Transforms.LoadFaceImages("Image", "ImagePath").Fit(rows).Transform(rows).GetColumn<MLImage>("Image").ToArray(),
            () => ml.Transforms.EmbedFaces("Embedding", "Image", text, BackboneArchitecture.IResNet18),
            () => ml.FaceRecognition().LoadPairs(text),
            () => ml.FaceRecognition().LoadFromRecordIO(record),
            () => ml.FaceRecognition().CreateGalleryFor(GalleryVectors.TestModel, text),
        ];
        foreach (Action use in uses)
        {
            // ML.NET may wrap it, and it may have a cause of its own.
            Exception? error = Assert.Throws<Exception>(use);
            while (error is not (null or FaceRecognitionException))
            {
                error = error.InnerException;
            }

            Assert.IsNotNull(error);
        }
    }
}
