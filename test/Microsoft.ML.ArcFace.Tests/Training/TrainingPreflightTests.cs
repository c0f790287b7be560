using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Training;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.ArcFace.Tests.Training;

[TestClass]
public class TrainingPreflightTests
{
    private static readonly byte[] Face = [0];

    [TestMethod]
    public void CheckPeople_KeyOfMorePeopleThanThereAre_SaysHowMany()
    {
        string[] warnings = Warnings(preflight =>
        {
            foreach (int label in new[] { 6, 8999, 6, 8999 })
            {
                preflight.Accept(Face, label, name: null);
            }
        });
        Assert.HasCount(1, warnings);
        StringAssert.StartsWith(warnings[0], "9,998 of 10,000 people in the label column 'Label' have no photograph (key 1, key 2, key 3, key 4, key 5, …).");
        StringAssert.Contains(warnings[0], "MapValueToKey");
    }

    [TestMethod]
    public void CheckPeople_EverybodyIsThere_WarnsOfNothing() => Assert.IsEmpty(Warnings(preflight =>
    {
        for (int label = 0; label < 10_000; label++)
        {
            preflight.Accept(Face, label, name: null);
            preflight.Accept(Face, label, name: null);
        }
    }));

    [TestMethod]
    public void CheckRows_Unusable_AreNamed()
    {
        var skip = new ArcFaceTrainer.Options { UnreadableImages = UnreadableImages.Skip };
        string[] warnings = Warnings(
            preflight =>
            {
                for (int i = 0; i < 7; i++)
                {
                    int row = i;
                    preflight.Accept(null, 0, () => $"'{row}.jpg'");
                }
            },
            skip, rows: true);
        StringAssert.Contains(warnings.Single(), "7 of 7 rows have no photograph in the image column 'Image' (row 0, '0.jpg'; row 1, '1.jpg'; row 2, '2.jpg'; row 3, '3.jpg'; row 4, '4.jpg', …)");
        StringAssert.Contains(Warnings(preflight => preflight.Accept(null, 0, name: null), skip, rows: true).Single(), "(row 0)");
    }

    private static string[] Warnings(Action<TrainingPreflight> show, ArcFaceTrainer.Options? options = null, bool rows = false)
    {
        var ml = new MLContext(seed: 1);
        IDataView data = ml.Data.LoadFromEnumerable([new Keyed { Label = 1 }]);
        var preflight = new TrainingPreflight(FaceLabels.Read(data, data.Schema["Label"]), (options ?? new ArcFaceTrainer.Options()).Setup, "training set");
        List<string> warnings = LoggedWarnings.Of(ml);
        show(preflight);
        using IChannel channel = ((IHostEnvironment)ml).Start("Test");
        if (rows)
        {
            preflight.CheckRows(channel);
        }
        else
        {
            preflight.CheckPeople(channel);
        }

        return [.. warnings];
    }

    private sealed class Keyed
    {
        [KeyType(10_000)]
        public uint Label { get; set; }
    }
}
