using System.Text.RegularExpressions;
using Microsoft.ML.ArcFace.Samples;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Tests.Training;
using Microsoft.ML.ArcFace.Tool.Commands;
using Microsoft.ML.ArcFace.Training;

namespace Microsoft.ML.ArcFace.Tests.Losses;

/// <summary>A loss that is added to the library stands wherever losses are listed; a failure names the file and what to write there.</summary>
[TestClass]
public class ListedLossesTests
{
    private const string Training = "src/Microsoft.ML.ArcFace.Training", Tests = "test/Microsoft.ML.ArcFace.Tests";

    /// <summary>Losses that the one --margin of the command line does not describe.</summary>
    private static readonly Type[] NotOnTheCommandLine = [typeof(CombinedMarginLoss)];

    /// <summary>Losses without a margin from 0.1 to 0.6 that means what the search space says, and variants of one that it has.</summary>
    private static readonly Type[] NotSearched =
    [
        typeof(SoftmaxLoss), typeof(CenterLoss), typeof(CombinedMarginLoss), typeof(SphereFaceLoss), typeof(MagFaceLoss), typeof(ElasticFaceLoss),
        typeof(SubCenterArcFaceLoss), typeof(TripletLoss), typeof(AngularTripletLoss),
    ];

    public static IEnumerable<object[]> Losses => typeof(FaceLoss).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(FaceLoss))).Select(type => new object[] { type });

    [TestMethod]
    [DynamicData(nameof(Losses))]
    public void Loss_OfTheLibrary_StandsWhereLossesAreListed(Type loss)
    {
        (bool IsListed, string Place)[] lists =
        [
            (RunJson.Default.GetTypeInfo(loss) is not null, $"{Training}/Training/Checkpoints/RunJson.cs: [JsonSerializable(typeof({loss.Name}))], by which checkpoints write it"),
            (LossOption.NameOf(loss.Name) is not null || NotOnTheCommandLine.Contains(loss), $"src/Microsoft.ML.ArcFace.Tool/Commands/LossOption.cs: its name for --loss; or in {nameof(NotOnTheCommandLine)} of this test"),
            (Enum.GetValues<FaceLossKind>().Any(kind => Searched(kind) == loss) || NotSearched.Contains(loss), $"{Training}/Experiments/FaceSearchSpace.cs: a {nameof(FaceLossKind)}; or in {nameof(NotSearched)} of this test"),
            (ComparedLosses.All.Any(compared => compared.Loss.GetType() == loss), "src/Samples/ComparedLosses.cs: a row of the sample that trains one network with each loss"),
            (Regex.IsMatch(Document, $@"^(\| )?`{loss.Name}`", RegexOptions.Multiline), "docs/losses.md: a row of a table: formula, parameters with defaults and ranges, paper"),
            (LossTrainingTests.Losses.Any(tried => tried.GetType() == loss), $"{Tests}/Training/LossTrainingTests.cs: {nameof(LossTrainingTests.Losses)}, which are trained with"),
            (MarginSoftmaxCases.AllLosses.Any(tried => tried.GetType() == loss) || ComparesPhotographs(loss), $"{Tests}/Losses/MarginSoftmaxCases.cs: {nameof(MarginSoftmaxCases.AllLosses)}, whose gradients, curves and ramps are checked; in {nameof(MarginSoftmaxCases.ExactLosses)} if it is the cross entropy of its logits alone"),
        ];
        string[] missing = [.. lists.Where(list => !list.IsListed).Select(list => list.Place)];
        Assert.IsEmpty(missing, $"{loss.Name} is missing in\n{string.Join('\n', missing)}");
    }

    [TestMethod]
    public void Exceptions_OfThisTest_AreLossesThatAreNotListed()
    {
        Assert.IsEmpty(NotOnTheCommandLine.Where(loss => LossOption.NameOf(loss.Name) is not null).ToArray());
        Assert.IsEmpty(NotSearched.Intersect(Enum.GetValues<FaceLossKind>().Select(Searched)).ToArray());
    }

    [TestMethod]
    public void FaceLossKind_EachOne_IsTheLossOfItsName()
    {
        foreach (FaceLossKind kind in Enum.GetValues<FaceLossKind>())
        {
            Assert.AreEqual($"{kind}Loss", Searched(kind).Name, $"{Training}/Experiments/FaceSearchSpace.cs: {nameof(FaceSearchSpace.ApplyTo)} makes another loss of {kind}.");
        }
    }

    private static string Document => field ??= File.ReadAllText(Path.Combine(SharedFolders.RepositoryRoot!, "docs", "losses.md"));

    private static Type Searched(FaceLossKind kind) => new FaceSearchSpace { Loss = kind }.ApplyTo(new ArcFaceTrainer.Options()).Loss.GetType();

    private static bool ComparesPhotographs(Type loss) => LossTrainingTests.Losses.Any(tried => tried.GetType() == loss && tried.ComparesPhotographs);
}
