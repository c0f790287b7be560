using Microsoft.ML.ArcFace.Faces;

namespace Microsoft.ML.ArcFace.Tests.Faces;

[TestClass]
public class FacePoseTests
{
    /// <summary>A head of the assumed proportions is turned, projected, and must be found as it was turned.</summary>
    [TestMethod]
    [DataRow(0, 0, 0)]
    [DataRow(30, 0, 0)]
    [DataRow(-55, 0, 0)]
    [DataRow(0, 25, 0)]
    [DataRow(0, -40, 0)]
    [DataRow(0, 0, 35)]
    [DataRow(40, -20, -100)]
    [DataRow(-15, 30, 170)]
    public void Of_ProjectedHead_FindsHowItIsTurned(double yaw, double pitch, double roll)
    {
        foreach (double scale in new[] { 0.3, 1, 7.5 })
        {
            FacePose found = FacePose.Of(Project(yaw, pitch, roll, scale))!.Value;
            Assert.AreEqual(yaw, found.Yaw, 0.01);
            Assert.AreEqual(pitch, found.Pitch, 0.01);
            Assert.AreEqual(roll, found.Roll, 0.01);
        }
    }

    [TestMethod]
    public void Of_FaceThatLooksToTheRight_HasItsNoseThere()
    {
        float[] front = Project(0, 0, 0, 1), right = Project(20, 0, 0, 1), up = Project(0, 20, 0, 1), leaning = Project(0, 0, 20, 1);
        Assert.IsGreaterThan(NoseFromEyes(front), NoseFromEyes(right), "Yaw over 0: the nose moves to the right.");
        Assert.IsLessThan(front[5] - ((front[1] + front[3]) / 2), up[5] - ((up[1] + up[3]) / 2), "Pitch over 0: the nose moves up.");
        Assert.IsGreaterThan(leaning[1], leaning[3], "Roll over 0: the right eye is the lower one.");

        static float NoseFromEyes(float[] face) => face[4] - ((face[0] + face[2]) / 2);
    }

    [TestMethod]
    public void Of_NoFace_IsNull()
    {
        Assert.IsNull(FacePose.Of(new float[10]));
        Assert.IsNull(FacePose.Of([.. Enumerable.Repeat(float.NaN, 10)]));
    }

    /// <summary>Turns by matrices written out one by one, about y, then x, then z.</summary>
    private static float[] Project(double yaw, double pitch, double roll, double scale)
    {
        double[,] points = FacePose.Points();
        (double sy, double cy) = Math.SinCos(-yaw * Math.PI / 180);
        (double sp, double cp) = Math.SinCos(-pitch * Math.PI / 180);
        (double sr, double cr) = Math.SinCos(roll * Math.PI / 180);
        var landmarks = new float[10];
        for (int i = 0; i < 5; i++)
        {
            double x = points[i, 0], y = points[i, 1], z = points[i, 2];
            (x, z) = ((cy * x) + (sy * z), (cy * z) - (sy * x));
            (y, z) = ((cp * y) - (sp * z), (sp * y) + (cp * z));
            (x, y) = ((cr * x) - (sr * y), (sr * x) + (cr * y));
            (landmarks[2 * i], landmarks[(2 * i) + 1]) = ((float)((scale * x) + 200), (float)((scale * y) + 100));
        }

        return landmarks;
    }
}
