using Microsoft.ML.ArcFace.Data;
using Microsoft.ML.ArcFace.Losses;
using Microsoft.ML.ArcFace.Progress;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Training;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Training;

/// <summary>Which views a batch has for its teacher, and what the teacher knows of people when a run begins.</summary>
[TestClass]
public class TaughtBatchesTests
{
    private const int BatchSize = 4;

    private static readonly MLContext Ml = new(seed: 1);
    private static readonly FaceAugmentation Unchanged = new() { Mirror = false };

    private static DrawnPeople s_people = null!;
    private static TemporaryFolder s_folder = null!;
    private static string s_file = null!;

    private static IHost Host => ((IHostEnvironment)Ml).Register(nameof(TaughtBatchesTests));

    [ClassInitialize]
    public static void Draw(TestContext _)
    {
        s_people = new DrawnPeople(people: 3, picturesPerPerson: 4);
        s_folder = new TemporaryFolder();
        s_file = s_folder.Write("teacher.onnx", SmallRecognizers.Write());
    }

    [ClassCleanup]
    public static void Remove()
    {
        s_people.Dispose();
        s_folder.Dispose();
    }

    [TestMethod]
    [DataRow(1), DataRow(2)]
    public void Epoch_AnyThreads_TeacherEmbedsThePixelsOfTheStudent(int threads)
    {
        using IDisposable? choice = ProcessorThreads.Choose(threads);
        using OpenTeacher teacher = Open(new FaceTeacher(s_file) { UnlabeledViewShare = 1 });
        FaceBatch[] batches = [.. Epoch(teacher, FaceAugmentation.Light)];
        Assert.HasCount(3, batches);
        HashSet<string> photographs = [.. Faces().InOrder().Select(face => Convert.ToHexString(face.Pixels))];
        foreach (FaceBatch batch in batches)
        {
            Assert.AreEqual((2 * BatchSize, BatchSize), (batch.ViewCount, batch.Labels.Length));
            CollectionAssert.AreEqual(teacher.Embed(batch.Pixels), batch.Taught);
            Assert.AreEqual(2 * BatchSize, Views(batch).Select(Convert.ToHexString).Where(view => !photographs.Contains(view)).Distinct().Count(), "Each view is a changed one.");
        }

        FaceBatch[] again = [.. BatchProducer.Epoch(Faces(), Plan(FaceAugmentation.Light), seed: 1, epoch: 1, skip: 2, CancellationToken.None, new Teaching(teacher, Unlabeled: null))];
        CollectionAssert.AreEqual(batches[2].Pixels, again.Single().Pixels, "A run that goes on makes the same views.");
        CollectionAssert.AreEqual(batches[2].Taught, again.Single().Taught);
    }

    [TestMethod]
    public void Epoch_LabeledViews_AreThoseWithoutATeacher()
    {
        using OpenTeacher teacher = Open(new FaceTeacher(s_file) { UnlabeledViewShare = 1 });
        FaceBatch[] with = [.. Epoch(teacher, FaceAugmentation.Light)], without = [.. BatchProducer.Epoch(Faces(), Plan(FaceAugmentation.Light), seed: 1, epoch: 1, skip: 0, CancellationToken.None)];
        foreach ((FaceBatch taught, FaceBatch plain) in with.Zip(without))
        {
            CollectionAssert.AreEqual(plain.Pixels, taught.Pixels[..plain.Pixels.Length]);
            CollectionAssert.AreEqual(plain.Labels, taught.Labels);
        }
    }

    [TestMethod]
    public void Epoch_UnlabeledPhotographs_EachIsSeenOnceInAPass()
    {
        using var others = new DrawnPeople(people: 2, picturesPerPerson: 3, seed: 9);
        using OpenTeacher teacher = Open(new FaceTeacher(s_file) { UnlabeledPhotographs = others.Images(Ml), MixedShare = 0, UnlabeledViewShare = 0.5 });
        UnlabeledFaces unlabeled = Read(teacher.Options);
        Assert.AreEqual(6, unlabeled.Count);
        string[] seen = [.. BatchProducer.Epoch(Faces(), Plan(Unchanged), seed: 1, epoch: 1, skip: 0, CancellationToken.None, new Teaching(teacher, unlabeled))
            .SelectMany(batch => Views(batch).Skip(BatchSize)).Select(Convert.ToHexString)];
        string[] all = [.. Enumerable.Range(0, 6).Select(place => Convert.ToHexString(unlabeled[place]))];
        CollectionAssert.AreEquivalent(all, seen, "Three steps with two views each.");
    }

    [TestMethod]
    public void Epoch_MixedViews_AreBetweenTwoPhotographsOfTheBatch()
    {
        using OpenTeacher teacher = Open(new FaceTeacher(s_file) { UnlabeledViewShare = 1 });
        FaceBatch batch = Epoch(teacher, Unchanged).First();
        byte[][] views = [.. Views(batch)];
        for (int view = 0; view < BatchSize; view++)
        {
            byte[] mixed = views[BatchSize + view], first = views[view];
            bool isMixture = Enumerable.Range(0, BatchSize).Where(other => other != view).Any(other => Enumerable.Range(0, 257).Any(share =>
            {
                byte[] expected = [.. first];
                UnlabeledViews.Mix(expected, views[other], share);
                return expected.AsSpan().SequenceEqual(mixed);
            }));
            Assert.IsTrue(isMixture, $"{view}");
        }
    }

    [TestMethod]
    public void Mix_TwoFaces_IsTheRoundedMeanByShare()
    {
        byte[] face = [0, 255, 100, 7], other = [255, 0, 101, 7];
        UnlabeledViews.Mix(face, other, share: 64);
        CollectionAssert.AreEqual(new byte[] { 64, 191, 100, 7 }, face);
        UnlabeledViews.Mix(face, other, share: 256);
        CollectionAssert.AreEqual(other, face);
    }

    [TestMethod]
    public void Of_Photographs_GivesTheMeansOfPeopleAndBeginsTheirCentersThere()
    {
        using var scope = NewDisposeScope();
        using OpenTeacher teacher = Open(new FaceTeacher(s_file));
        TrainingFaces faces = Faces();
        TaughtPeople people = TaughtPeople.Of(teacher, faces.InOrder(), faces.Count, faces.Labels.Count, CancellationToken.None);
        Tensor means = people.Means;
        TrainingRecipe recipe = new ArcFaceTrainer.Options { EmbeddingSize = SmallRecognizers.EmbeddingSize, WeightAveragingDecay = 0 }.Recipe;
        TrainingPlan plan = TrainingPlan.Choose(recipe, images: 12, people: 3);
        using var learner = new Learner(InitialNetwork.Random(recipe), recipe, plan, faces.Labels.Count, CPU, new TeacherTerm(teacher.Options, teacher.EmbeddingSize, recipe.EmbeddingSize, faces.Count, CPU));
        using var backbone = learner.ResultBackbone;
        learner.BeginWith(people);
        Tensor centers = ((ClassificationHead)learner.ResultHead).Centers;
        Assert.IsTrue(nn.functional.normalize(means, p: 2, dim: 1).allclose(centers), "Of unit length.");
        foreach (IGrouping<int, (byte[] Pixels, int Label)> person in faces.InOrder().GroupBy(face => face.Label))
        {
            float[][] embeddings = [.. person.Select(face => teacher.Embed(face.Pixels))];
            float[] mean = [.. Enumerable.Range(0, teacher.EmbeddingSize).Select(i => embeddings.Average(embedding => embedding[i]))];
            float[] actual = [.. means[person.Key].data<float>()];
            for (int i = 0; i < mean.Length; i++)
            {
                Assert.AreEqual(mean[i], actual[i], 1e-5, $"person {person.Key}, number {i}");
            }
        }
    }

    [TestMethod]
    public void BeginAt_PlacesOfClasses_MovesTheirCentersAndKeepsThoseOfTheUnknown()
    {
        using var scope = NewDisposeScope();
        Tensor places = tensor(new float[,] { { 1, 0 }, { 0, 0 }, { 0, 1 } });
        var head = (ClassificationHead)new ArcFaceLoss().CreateHead(2, 3, 16);
        Tensor drawn = head.Centers.detach().clone();
        head.BeginAt(places);
        CollectionAssert.AreEqual(new float[] { 1, 0 }, head.Centers[0].data<float>().ToArray());
        CollectionAssert.AreEqual(drawn[1].data<float>().ToArray(), head.Centers[1].data<float>().ToArray(), "Nothing is known of this person.");
        CollectionAssert.AreEqual(new float[] { 0, 1 }, head.Centers[2].data<float>().ToArray());

        var several = (ClassificationHead)new SubCenterArcFaceLoss(SubCenters: 2).CreateHead(2, 3, 16);
        Tensor before = several.Centers.detach().clone();
        several.BeginAt(places);
        Assert.IsTrue(several.Centers.allclose(before.add(places.repeat_interleave(2, 0))), "They differ as they were drawn.");
        head.Dispose();
        several.Dispose();
    }

    private static OpenTeacher Open(FaceTeacher teacher) => OpenTeacher.Open(Host, teacher, s_people.Images(Ml), "Image")!;

    private static IEnumerable<FaceBatch> Epoch(OpenTeacher teacher, FaceAugmentation augmentation) =>
        BatchProducer.Epoch(Faces(), Plan(augmentation), seed: 1, epoch: 1, skip: 0, CancellationToken.None, new Teaching(teacher, Unlabeled: null));

    private static TrainingPlan Plan(FaceAugmentation augmentation) => TrainingPlan.Choose(new ArcFaceTrainer.Options { Augmentation = augmentation, BatchSize = BatchSize }.Recipe, images: 12, people: 3);

    private static TrainingFaces Faces()
    {
        IHost host = Host;
        using IChannel channel = host.Start("test");
        return TrainingFaces.Read(host, channel, s_people.Images(Ml), new ArcFaceTrainer.Options().Setup, WorkObserver.None);
    }

    private static UnlabeledFaces Read(FaceTeacher teacher)
    {
        IHost host = Host;
        using IChannel channel = host.Start("test");
        return UnlabeledFaces.Read(host, channel, teacher, new ArcFaceTrainer.Options().Setup, WorkObserver.None)!;
    }

    private static IEnumerable<byte[]> Views(FaceBatch batch) => batch.Pixels.Chunk(FaceTensor.ByteCount);
}
